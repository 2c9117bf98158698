import type { IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';

/** Longest form of a plain request, in bytes: a longer one is for the library to judge. */
const LONGEST = 8192;
/** Headers that ask for more than these ways know. */
const extra = ['dpop', 'origin', 'oauth-client-attestation', 'oauth-client-attestation-pop', 'content-encoding', 'transfer-encoding'];

/** Does a request ask nothing by its headers that only the library knows? Whoever takes a page (`text/html`) may be a person. */
export function isPlain({ headers }: IncomingMessage): boolean {
  return extra.every((name) => headers[name] === undefined) && (headers.accept === undefined || !headers.accept.includes('html'));
}

/** `putBack`: as if nobody had read it, for who reads it next. Of a sender who went away meanwhile the library takes the fields themselves. */
export type Form = { fields: Record<string, string>; putBack(): void };

/** A posted form, each field of it sent once and with a value. Undefined when it is no such form; then nothing was taken from the request. */
export async function formOf(req: IncomingMessage): Promise<Form | undefined> {
  const length = Number(req.headers['content-length']);
  if (req.headers['content-type'] !== 'application/x-www-form-urlencoded' || !(length > 0 && length <= LONGEST)) return undefined;
  if (req.readableLength < length) await arrived(req, length);
  // asked for as much as there is, the stream does not come to its end, and takes it back
  const body = req.readableLength === length ? req.read(length) as Buffer | null : null;
  if (body === null) return undefined;
  const fields = { ...parse(body.toString('utf8')) };
  const putBack = (): void => {
    if (req.destroyed) Object.assign(req, { body: fields });
    else req.unshift(body);
  };
  if (Object.values(fields).every((value) => typeof value === 'string' && value !== '')) return { fields: fields as Record<string, string>, putBack };
  putBack();
  return undefined;
}

function arrived(req: IncomingMessage, length: number): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (req.readableLength < length && !req.readableEnded && !req.destroyed) return;
      for (const event of ['readable', 'close', 'error']) req.off(event, look);
      resolve();
    };
    for (const event of ['readable', 'close', 'error']) req.on(event, look);
  });
}
