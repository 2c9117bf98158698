import { randomBytes } from 'node:crypto';

let last = 0;

/** A UUID of version 7 (RFC 9562, section 5.7): later ones of this process sort after earlier ones. */
export function orderedId(): string {
  // 48 bits of milliseconds and 12 bits that count within one
  last = Math.max(last + 1, Date.now() * 4096);
  const time = last.toString(16).padStart(15, '0');
  const random = randomBytes(8);
  random[0] = 0x80 | (random[0] ?? 0) & 0x3f;
  const tail = random.toString('hex');
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7${time.slice(12)}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}
