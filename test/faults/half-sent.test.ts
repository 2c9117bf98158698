import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { HttpBrowser } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { authUrl } from '../support/journeys.ts';

let at: Install;
beforeAll(async () => { at = await install(); }, 60_000);
afterAll(() => at?.stop());

type Half = { kind: string; /** milliseconds until the server let go */ released: Promise<number> };

/** Sends `start` and then, each second, what `more` gives; waits for the server to end it. */
function half(kind: string, start: string, more?: () => string): Half {
  const begun = performance.now();
  const socket: Socket = connect(at.port, 'localhost');
  socket.on('error', () => undefined);
  // what it says is of no interest, but it must be read for the end to be seen
  socket.resume();
  socket.write(start);
  const drip = more && setInterval(() => { if (socket.writable) socket.write(more()); }, 1000);
  return {
    kind,
    released: new Promise((resolve) => {
      socket.on('close', () => {
        clearInterval(drip);
        resolve(performance.now() - begun);
      });
    }),
  };
}

test('150 requests that never end are all let go in time, and others notice nothing', async () => {
  const host = `Host: localhost:${at.port}\r\n`;
  const form = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n';
  const kinds: ((path: string) => Half)[] = [
    (path) => half('headers', `POST ${path} HTTP/1.1\r\n${host}Content-Le`),
    (path) => half('headers', `GET ${path} HTTP/1.1\r\n${host}`, () => 'X-Slow: a\r\n'),
    () => half('headers', 'GE'),
    (path) => half('body', `POST ${path} HTTP/1.1\r\n${host}${form}grant_type=`),
    (path) => half('body', `POST ${path} HTTP/1.1\r\n${host}${form}`, () => 'a'),
  ];
  const paths = ['/cak/token', '/cak/auth', '/cak/me', '/cak/login/nobody', '/cak/saml/acs', '/healthz'];
  const halves = paths.flatMap((path) => kinds.flatMap((kind) => Array.from({ length: 5 }, () => kind(path))));
  expect(halves).toHaveLength(150);

  let released = 0;
  const ends = halves.map(({ kind, released: end }) => end.then((ms) => { released += 1; return { kind, ms }; }));
  const waits: number[] = [];
  while (released < halves.length) {
    const begun = performance.now();
    const [health, page] = await Promise.all([fetch(`${at.url}/healthz`), new HttpBrowser(at.url).get(authUrl('mijn-cak-zakelijk'))]);
    expect([health.status, page.step]).toEqual([200, 'password']);
    waits.push(performance.now() - begun);
    await new Promise((resolve) => { setTimeout(resolve, 500); });
  }
  const slowest = (kind: string, all: { kind: string; ms: number }[]): number => Math.max(...all.filter((one) => one.kind === kind).map(({ ms }) => ms));
  const all = await Promise.all(ends);
  // Node looks every five seconds
  expect(slowest('headers', all)).toBeLessThan(10_000 + 5000 + 3000);
  expect(slowest('body', all)).toBeLessThan(30_000 + 5000 + 3000);
  expect(waits.toSorted((a, b) => a - b)[Math.floor(waits.length / 2)]).toBeLessThan(1000);
}, 60_000);
