type Outgoing = RequestInit & { dispatcher?: unknown };

/** The library's guard refuses addresses that are not public. Where it cannot be set up the library goes on without; we do not. */
export async function fetchGuarded(url: string | URL | Request, options: Outgoing = {}): Promise<Response> {
  if (!options.dispatcher) throw Object.assign(new Error('outgoing calls cannot be guarded'), { code: 'address cannot be checked' });
  return fetch(url, options);
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Outgoing calls refuse addresses that are not public; in the demo world everything lives on this machine, and only there. */
export async function fetchInDemo(url: string | URL | Request, options: Outgoing = {}): Promise<Response> {
  const { dispatcher: _guard, ...unguarded } = options;
  const { hostname } = new URL(url instanceof Request ? url.url : url);
  return fetch(url, loopback.has(hostname) ? unguarded : options);
}
