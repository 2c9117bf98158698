// `npm start`: installs what is missing, builds, and runs the demo world.
import { build, install } from './prepare.mjs';

install();
build();
await import('../dist/demo/main.js');
