import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import type { CreationOptions, RequestOptions } from '../../src/domain/passkeys/options.ts';

/** An authenticator in software: makes passkeys and signs with them, right or wrong as a test wants it (WebAuthn Level 3, 6). */

type Algorithm = 'ES256' | 'EdDSA' | 'RS256';
type Credential = { id: string; rpId: string; handle: string; key: KeyObject; cose: Buffer; counter: number };

/** What a test spoils of an answer. */
export type Spoiled = {
  origin?: string; rpId?: string; challenge?: string; type?: string; crossOrigin?: boolean; counter?: number; handle?: string | null;
  /** user present and verified; both when absent */
  present?: boolean; verified?: boolean;
  /** statement of attestation; `none` when absent */
  fmt?: string;
  id?: string;
};

/** Flags of authenticator data (6.1). */
const flag = { present: 0x01, verified: 0x04, eligible: 0x08, backedUp: 0x10, attested: 0x40 };

export class Authenticator {
  readonly credentials: Credential[] = [];
  private readonly origin: string;
  private readonly algorithm: Algorithm;
  private readonly synced: boolean;

  /** @param synced its passkeys are copied between devices, and count nothing */
  constructor(origin: string, { algorithm = 'ES256', synced = false }: { algorithm?: Algorithm; synced?: boolean } = {}) {
    this.origin = origin;
    this.algorithm = algorithm;
    this.synced = synced;
  }

  /** The same device twice: a clone of its keys and counters as they are now. */
  clone(): Authenticator {
    const twin = new Authenticator(this.origin, { algorithm: this.algorithm, synced: this.synced });
    twin.credentials.push(...this.credentials.map((one) => ({ ...one })));
    return twin;
  }

  /** RegistrationResponseJSON. */
  make(options: CreationOptions, spoiled: Spoiled = {}): string {
    const { key, cose } = newKey(this.algorithm);
    const credential: Credential = { id: spoiled.id ?? randomBytes(16).toString('base64url'), rpId: options.rp.id ?? '', handle: options.user.id, key, cose, counter: 0 };
    this.credentials.push(credential);
    const id = Buffer.from(credential.id, 'base64url');
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([id.length >> 8, id.length & 255]), id, cose]);
    const authData = Buffer.concat([this.data(credential, spoiled, flag.attested), attested]);
    const attestationObject = cbor(new Map<string, Value>([['fmt', spoiled.fmt ?? 'none'], ['attStmt', new Map()], ['authData', authData]]));
    return this.answer(credential, {
      clientDataJSON: this.clientData('webauthn.create', options.challenge, spoiled).toString('base64url'),
      attestationObject: attestationObject.toString('base64url'), transports: ['internal', 'hybrid'],
    });
  }

  /** AuthenticationResponseJSON, with the first passkey that the options allow, or the newest. */
  show(options: RequestOptions, spoiled: Spoiled = {}): string {
    const allowed = options.allowCredentials?.map(({ id }) => id);
    const credential = this.credentials.findLast(({ id }) => allowed?.includes(id) ?? true);
    if (!credential) throw new Error('this device has none of these passkeys');
    if (!this.synced) credential.counter += 1;
    const authData = this.data(credential, spoiled, 0);
    const clientData = this.clientData('webauthn.get', options.challenge, spoiled);
    const signature = sign(this.algorithm === 'EdDSA' ? null : 'sha256', Buffer.concat([authData, createHash('sha256').update(clientData).digest()]), credential.key);
    const { handle = credential.handle } = spoiled;
    return this.answer({ id: spoiled.id ?? credential.id }, {
      clientDataJSON: clientData.toString('base64url'), authenticatorData: authData.toString('base64url'), signature: signature.toString('base64url'), ...(handle !== null && { userHandle: handle }),
    });
  }

  private answer({ id }: { id: string }, response: Record<string, unknown>): string {
    return JSON.stringify({ id, rawId: id, type: 'public-key', authenticatorAttachment: 'platform', clientExtensionResults: {}, response });
  }

  private clientData(type: string, challenge: string, spoiled: Spoiled): Buffer {
    return Buffer.from(JSON.stringify({ type: spoiled.type ?? type, challenge: spoiled.challenge ?? challenge, origin: spoiled.origin ?? this.origin, crossOrigin: spoiled.crossOrigin ?? false }));
  }

  private data({ rpId, counter }: Credential, spoiled: Spoiled, more: number): Buffer {
    const flags = (spoiled.present === false ? 0 : flag.present) | (spoiled.verified === false ? 0 : flag.verified) | (this.synced ? flag.eligible | flag.backedUp : 0) | more;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(spoiled.counter ?? counter);
    return Buffer.concat([createHash('sha256').update(spoiled.rpId ?? rpId).digest(), Buffer.from([flags]), count]);
  }
}

/** A key and its public half as COSE_Key (RFC 9053). */
function newKey(algorithm: Algorithm): { key: KeyObject; cose: Buffer } {
  const { privateKey } = algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : algorithm === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = privateKey.export({ format: 'jwk' });
  const part = (text = ''): Buffer => Buffer.from(text, 'base64url');
  const cose: Record<Algorithm, [number, Value][]> = {
    ES256: [[1, 2], [3, -7], [-1, 1], [-2, part(jwk.x)], [-3, part(jwk.y)]],
    EdDSA: [[1, 1], [3, -8], [-1, 6], [-2, part(jwk.x)]],
    RS256: [[1, 3], [3, -257], [-1, part(jwk.n)], [-2, part(jwk.e)]],
  };
  return { key: createPrivateKey({ key: jwk, format: 'jwk' }), cose: cbor(new Map(cose[algorithm])) };
}

type Value = number | string | Buffer | Map<number | string, Value>;

/** As much of CBOR (RFC 8949) as is needed here. */
function cbor(value: Value): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([name, one]) => [cbor(name), cbor(one)])]);
}

function head(major: number, count: number): Buffer {
  if (count < 24) return Buffer.from([(major << 5) | count]);
  return count < 256 ? Buffer.from([(major << 5) | 24, count]) : Buffer.from([(major << 5) | 25, count >> 8, count & 255]);
}
