import type { CDPSession } from 'playwright-core';
import type { CreationOptions, RequestOptions } from '../../src/domain/passkeys/options.ts';
import type { Visitor } from './browser.ts';
import type { Page } from './http-browser.ts';
import type { Workshop } from './install.ts';

const flows = `flows:
  password:
    bindings:
      - { id: hours, step: require, with: { that: applications_open, else: application_closed, fine: true } }
      - { step: password, with: { level: password } }
      - { id: account, step: require, with: { that: account_active, else: account_inactive } }
      - { id: membership, step: require, with: { that: verified, else: membership_ended }, when: [membership_ended] }
      - { step: new-password }
      - { step: activation-code }
      - { step: second-factor }
      - { step: recovery-code, when: [chose_recovery] }
      - { step: passkey, when: [passkey_enrolled], unless: [chose_totp, chose_sms, chose_recovery] }
      - { step: totp, when: [totp_enrolled], unless: [chose_passkey, chose_sms, chose_recovery] }
      - { step: sms-code, when: [sms_enrolled], unless: [chose_passkey, chose_totp, chose_recovery] }
      - { id: level, step: require, with: { that: level_reached, else: level_too_low } }
      - { step: password-notice, when: [password_expiring, password_shown_now] }
      - { id: role, step: require, with: { that: has_role, else: no_role } }
    ensure: [identified, level_reached, account_active, password_current, activated, factor_enrolled, has_role]
`;

/**
 * Realm cak as its flow ships, with passkeys for a second step.
 * @param alone a passkey is enough to log in with
 */
export function withPasskeys(alone: boolean): (workshop: Workshop) => void {
  return ({ edit }) => {
    edit('realms/cak/realm.yaml', (text) => text.replace(/^flows:\n[^]*$/m, flows).replace('methods: [totp, sms]', 'methods: [passkey, totp, sms]')
      .replace('factors: [[password, totp]', `factors: [${alone ? '[passkey]' : '[password, passkey]'}, [password, totp]`)
      .replace('identifiers: [relation_number, username]', `identifiers: [relation_number, username]\n  passkeys: ${String(alone)}`));
    for (const portal of ['account', 'mijn-cak-zakelijk', 'porta']) edit(`realms/cak/portals/${portal}.yaml`, (text) => text.replace('level: password', 'level: two-factor'));
  };
}

/** A device of a browser that a test holds: it knows its person, and touches the key for them. */
export type Device = {
  /** does the person confirm (PIN, finger, face)? */
  verifies(yes: boolean): Promise<void>;
  /** does the device answer at once, or wait for a touch that does not come? */
  answers(yes: boolean): Promise<void>;
  /** how many passkeys it has */
  count(): Promise<number>;
};

/** Chromium's virtual authenticator, with passkeys that are found without being named: in the computer, or a key beside it. */
export async function deviceOf(visitor: Visitor, transport: 'internal' | 'usb' = 'internal'): Promise<Device> {
  const cdp: CDPSession = await visitor.context.newCDPSession(visitor.page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport, hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return {
    verifies: (isUserVerified) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }).then(() => undefined),
    answers: (enabled) => cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled }).then(() => undefined),
    count: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length,
  };
}

/** What a page gives the browser to make or show a passkey with. */
export function optionsOf({ html, status }: Page): CreationOptions & RequestOptions {
  const said = /data-options="([^"]*)"/.exec(html)?.[1];
  if (said === undefined) throw new Error(`no passkey is asked on this page (${status})`);
  return JSON.parse(said.replaceAll('&#34;', '"').replaceAll('&#39;', '\'').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')) as CreationOptions & RequestOptions;
}
