import { listen } from './listen.ts';
import type { Running } from './listen.ts';
import { portalKeys } from './portals/keys.ts';
import { portals } from './portals/portals.ts';
import { createPortals } from './portals/server.ts';
import type { Settings } from './settings.ts';
import { simulatorKeys } from './simulator/keys.ts';
import { createSimulator } from './simulator/server.ts';
import type { World } from './world.ts';

/**
 * Starts the simulator and the portals in this process. Their keys are written first, because Sluis reads them.
 * @throws Error naming the port and its setting when a port is in use
 */
export async function startServices(settings: Settings, world: World, log: (line: string) => void): Promise<Running> {
  const simulator = createSimulator({ settings, world, keys: await simulatorKeys(settings.keys), log });
  const site = createPortals({ settings, world, portals, keys: await portalKeys(settings.keys, portals), log });
  const { host } = settings;
  const first = await listen(simulator.callback(), { host, port: settings.simulatorPort, setting: 'SIMULATOR_PORT', what: 'the simulator' });
  try {
    const second = await listen(site.callback(), { host, port: settings.portalsPort, setting: 'PORTALS_PORT', what: 'the portals' });
    return { close: async () => { await Promise.all([first.close(), second.close()]); } };
  } catch (error) {
    await first.close();
    throw error;
  }
}
