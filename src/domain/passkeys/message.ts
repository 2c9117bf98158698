import { z } from 'zod';

/** Longest credential id is 1023 bytes (WebAuthn Level 3, 4); what else is in an answer, none of ours comes near. */
const base64url = (longest: number) => z.string().min(1).max(longest).regex(/^[A-Za-z0-9_-]+$/);
const credentialId = base64url(1364);
const bytes = base64url(16_384);
const shared = { id: credentialId, rawId: credentialId, type: z.literal('public-key'), authenticatorAttachment: z.enum(['platform', 'cross-platform']).nullish() };

/** Ways to an authenticator that are handed back to browsers (WebAuthn Level 3, 5.8.4); others are forgotten. */
const ways = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'] as const;
const transports = z.array(z.string()).max(20).default([]).transform((said) => ways.filter((one) => said.includes(one)));

const registration = z.object({ ...shared, response: z.object({ clientDataJSON: bytes, attestationObject: bytes, transports }) });
const assertion = z.object({ ...shared, response: z.object({ clientDataJSON: bytes, authenticatorData: bytes, signature: bytes, userHandle: base64url(88).nullish() }) });
const clientData = z.object({ type: z.string(), challenge: z.string(), origin: z.string(), crossOrigin: z.boolean().optional() });

export type Registration = z.infer<typeof registration>;
export type Assertion = z.infer<typeof assertion>;

/** RegistrationResponseJSON (WebAuthn Level 3, 5.1) out of a form field. Undefined when it is none. */
export function readRegistration(typed: string): Registration | undefined {
  return read(registration, typed);
}

/** AuthenticationResponseJSON (WebAuthn Level 3, 5.1) out of a form field. Undefined when it is none. */
export function readAssertion(typed: string): Assertion | undefined {
  return read(assertion, typed);
}

/** What the browser says that was signed, and where (WebAuthn Level 3, 5.8.1). Undefined when it cannot be read. */
export function readClientData(encoded: string): z.infer<typeof clientData> | undefined {
  return read(clientData, Buffer.from(encoded, 'base64url').toString('utf8'));
}

function read<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
