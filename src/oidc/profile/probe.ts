import { portalSchema, clientSchema, resourceSchema, type Portal, type Realm } from '../../config/schema.ts';

/** Names that no configuration has: identifiers in files are lower case. */
export const probeClient = 'PROBE';
export const probeRedirect = 'https://probe.invalid/callback';
export const probeResource = 'https://probe.invalid/api';
export const probeFlow = 'PROBE';

/** The same realm with one portal more: its client has a key of ours, its flow asks a password and nothing else. */
export function withProbe(realm: Realm, jwks: { keys: Record<string, unknown>[] }): Realm {
  const level = realm.levels[0]?.id ?? '';
  const client = clientSchema.parse({
    client_id: probeClient, jwks, redirect_uris: [probeRedirect], grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    userinfo_signed_response_alg: 'RS256',
  });
  const portal: Portal = {
    ...portalSchema.parse({ name: 'probe', service: 'probe', url: 'https://probe.invalid/', flow: 'probe', level: 'probe', applications: [], clients: [] }),
    id: probeClient, flow: probeFlow, level, applications: realm.applications.map(({ id }) => id), clients: [client],
  };
  return {
    ...realm,
    portals: [...realm.portals, portal],
    flows: { ...realm.flows, [probeFlow]: { bindings: [{ step: 'password', with: { level } }], ensure: ['identified', 'account_active'] } },
    resources: [...realm.resources, { ...resourceSchema.parse({ id: probeResource, name: 'probe', portal: 'probe', scopes: ['probe.read'] }), portal: probeClient }],
  };
}
