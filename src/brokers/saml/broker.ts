import { createPublicKey, randomBytes, type KeyObject } from 'node:crypto';
import type { BrokerConfig, Realm } from '../../config/schema.ts';
import type { BrokerEvent } from '../../flow/step.ts';
import { BrokerRefusal, type Broker, type BrokerRequest, type PendingRequest } from '../broker.ts';
import { readIdentity } from './attributes.ts';
import { judgeResponse, type Verdict } from './guard.ts';
import { classRefFor, levelOf } from './levels.ts';
import { buildAuthnRequest, postMessage, redirectMessage } from './request.ts';
import { freshness, skew } from './time.ts';

/** RelayState may have 80 bytes (SAML bindings 3.4.3). */
const maxRelay = 80;

export type SamlBrokerOptions = {
  realm: Realm;
  config: BrokerConfig;
  acsUrl: string;
  spEntityId: string;
  /** PEM */
  spKey: string;
  spCert: string;
  /** PEM, of the broker: certificates or public keys, RSA of 2048 bits or more */
  certificates: string[];
};

/**
 * A broker over SAML 2.0: the service provider's side of the Web Browser SSO profile (seed row IB-1).
 * @throws Error when a certificate cannot be used
 */
export function createSamlBroker(options: SamlBrokerOptions): Broker {
  const keys = options.certificates.map((pem) => readKey(pem, options.config.id));
  return {
    id: options.config.id,
    begin: async (request) => begin(options, request),
    receive: async (fields, pending, now) => receive(options, keys, fields, pending, now),
  };
}

function readKey(pem: string, brokerId: string): KeyObject {
  const key = createPublicKey(pem);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  // eHerkenning demands RSA of 2048 bits; the algorithms we believe are all RSA.
  if (key.asymmetricKeyType !== 'rsa' || bits < 2048) throw new Error(`broker ${brokerId}: the certificate must hold an RSA key of at least 2048 bits`);
  return key;
}

function begin({ realm, config, acsUrl, spEntityId, spKey, spCert }: SamlBrokerOptions, request: BrokerRequest): Awaited<ReturnType<Broker['begin']>> {
  if (Buffer.byteLength(request.relay) > maxRelay) throw new RangeError('RelayState is longer than 80 bytes');
  const { url, binding } = config.single_sign_on;
  const issuedAt = new Date();
  const requestId = `_${randomBytes(20).toString('hex')}`;
  const xml = buildAuthnRequest({
    id: requestId,
    destination: url,
    issuer: spEntityId,
    acsUrl,
    classRef: classRefFor(realm, config, request.levelId),
    forceAuthn: config.force_authn || request.fresh === true,
    serviceIndex: config.service_index,
    issuedAt,
  });
  const message = binding === 'redirect'
    ? redirectMessage(xml, url, request.relay, { key: spKey })
    : postMessage(xml, url, request.relay, { key: spKey, cert: spCert });
  return { message, pending: { requestId, broker: config.id, levelId: request.levelId, at: Math.floor(issuedAt.getTime() / 1000) } };
}

function receive(
  { config, acsUrl, spEntityId }: SamlBrokerOptions,
  keys: KeyObject[],
  fields: Record<string, string>,
  pending: PendingRequest,
  now: number,
): Awaited<ReturnType<Broker['receive']>> {
  // Two brokers answer at the same address; the question decides whose keys count.
  if (pending.broker !== config.id) throw new BrokerRefusal('broker.unsolicited', 'the request went to another broker');
  const verdict = judgeResponse(fields['SAMLResponse'], {
    issuer: config.entity_id,
    keys,
    audience: spEntityId,
    acsUrl,
    requestId: pending.requestId,
    askedAt: pending.at,
    forceAuthn: config.force_authn,
    now,
  });
  return { event: toEvent(config, verdict), replayIds: replayIds(config.id, verdict, now) };
}

/** A level below the one asked is told as it is: the engine refuses it with a page of its own (seed row IB-1). */
function toEvent(config: BrokerConfig, verdict: Verdict): BrokerEvent {
  if (!verdict.ok) return { kind: 'broker', broker: config.id, ok: false, code: verdict.code };
  const level = levelOf(config, verdict.authn.classRef);
  return { kind: 'broker', broker: config.id, ok: true, identity: readIdentity(verdict.assertion, config.id), level, at: verdict.authn.at };
}

/** Remembered until the age limit refuses the message anyway. Names start with the broker's: IDs are only unique per sender. */
function replayIds(brokerId: string, verdict: Verdict, now: number): { id: string; expiresAt: number }[] {
  const ids = verdict.ok ? [verdict.responseId, verdict.assertionId] : [verdict.responseId];
  return ids.map((id) => ({ id: `saml:${brokerId}:${id}`, expiresAt: now + freshness + 2 * skew + 1 }));
}
