import { createHash, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import bcrypt from 'bcrypt';

/** Checks a password against a hash of one kind. */
export type Verifier = (plain: string) => Promise<boolean>;

const derive = promisify(pbkdf2);

/** A row that asks more work than this was not made by anybody who wanted people to log in: it fits no password. */
const MOST_ITERATIONS = 2_000_000;
const HIGHEST_COST = 15;

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
/** passlib (`$pbkdf2-sha256$29000$salt$hash`) and PHC (`$pbkdf2-sha256$i=29000,l=32$salt$hash`). */
const PBKDF2 = /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d{1,9})(?:,l=\d{1,4})?\$([A-Za-z0-9+/.=]{1,200})\$([A-Za-z0-9+/.=]{10,200})$/;
/** RFC 2307: digest and salt in one. */
const SALTED = /^\{SSHA(256|512)?\}([A-Za-z0-9+/=]{28,400})$/i;

/** How a hash that came from elsewhere is checked; undefined when it is none that we know. */
export function foreignVerifier(hash: string): Verifier | undefined {
  const [, cost] = BCRYPT.exec(hash) ?? [];
  // PHP's $2y$ is the same thing under another name
  if (cost !== undefined) return Number(cost) > HIGHEST_COST ? never : (plain) => bcrypt.compare(plain, hash.replace('$2y$', '$2b$'));
  const derived = PBKDF2.exec(hash);
  if (derived) return pbkdf2Verifier(derived[1] ?? 'sha1', Number(derived[2]), bytesOf(derived[3]), bytesOf(derived[4]));
  const salted = SALTED.exec(hash);
  return salted ? saltedVerifier(`sha${salted[1] ?? '1'}`, bytesOf(salted[2])) : undefined;
}

const never: Verifier = async () => false;

function pbkdf2Verifier(digest: string, iterations: number, salt: Buffer, expected: Buffer): Verifier {
  if (iterations < 1 || iterations > MOST_ITERATIONS || expected.length < 16) return never;
  return async (plain) => timingSafeEqual(await derive(plain, salt, iterations, expected.length, digest), expected);
}

function saltedVerifier(digest: string, bytes: Buffer): Verifier {
  const { length } = createHash(digest).digest();
  const [expected, salt] = [bytes.subarray(0, length), bytes.subarray(length)];
  if (expected.length < length || salt.length === 0) return never;
  return async (plain) => timingSafeEqual(createHash(digest).update(plain).update(salt).digest(), expected);
}

/** Base64 as everybody writes it; passlib has dots for plusses. */
function bytesOf(text = ''): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64');
}
