import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateSync } from 'otplib';
import { deleteAccount, lockAccount } from '../../src/domain/accounts.ts';
import { wipeFactors } from '../../src/domain/factors/enrol.ts';
import { endMembership } from '../../src/domain/memberships.ts';
import { root } from '../../src/root.ts';
import { putEntitlements } from '../../src/store/organisations.ts';
import type { Db } from '../../src/store/schema.ts';
import { desk } from '../support/house.ts';
import type { Page } from '../support/http-browser.ts';
import { install, type Install } from '../support/install.ts';
import { authUrl, person } from '../support/journeys.ts';

type Somebody = ReturnType<typeof person> & { totp_secret?: string };

/** CAK's own flow, password and code, and somebody who is between the two when it happens. */
describe('what was taken away counts for who is half way', () => {
  let sluis: Install;
  beforeAll(async () => {
    sluis = await install({ prepare: ({ folder }) => { cpSync(join(root, 'config/realms/cak'), join(folder, 'config/realms/cak'), { recursive: true }); } });
  }, 60_000);
  afterAll(() => sluis?.stop());

  /** @returns the page after the code that was typed when it had happened */
  async function halfWay(id: string, happens: (tx: Db, someone: { accountId: string; membershipId: string; organisationId: string }) => Promise<unknown>): Promise<Page> {
    const someone = person(id) as Somebody;
    const browser = sluis.browser();
    const page = await browser.submit(await browser.get(authUrl('mijn-cak-zakelijk')), someone.login);
    expect(page.step).toBe('totp');
    const about = { accountId: someone.account?.id ?? '', membershipId: someone.membership?.id ?? '', organisationId: someone.organisation_id ?? '' };
    await sluis.host('cak').database.transaction((tx) => happens(tx, about));
    return browser.submit(page, { code: generateSync({ secret: someone.totp_secret ?? '', epoch: sluis.now() }) });
  }
  const parts = () => ({ actor: desk, now: sluis.now() });

  test('stripped of the organisation', async () => {
    expect((await halfWay('cak-twin', (tx, { membershipId }) => endMembership(tx, { membershipId, ...parts() }))).end).toBe('membership_ended');
  });

  test('the account locked', async () => {
    expect((await halfWay('cak-agb', (tx, { accountId }) => lockAccount(tx, { accountId, ...parts() }))).end).toBe('account_inactive');
  });

  test('the account deleted', async () => {
    expect((await halfWay('cak-expiring', (tx, { accountId }) => deleteAccount(tx, { accountId, reason: 'uit dienst', ...parts() }))).end).toBe('account_inactive');
  });

  test('the second factor reset: the login begins anew', async () => {
    const { realm } = sluis.host('cak');
    expect((await halfWay('cak-active', (tx, { accountId }) => wipeFactors(tx, { realm, accountId, ...parts() }))).step).toBe('password');
  });

  test('the organisation lost what it could use', async () => {
    const someone = person('cak-expired') as Somebody;
    const { database } = sluis.host('cak');
    // that the password expired is not what this is about
    await database.db.updateTable('passwords').set({ changed_at: sluis.now() }).where('account_id', '=', someone.account?.id ?? '').execute();
    expect((await halfWay('cak-expired', (tx, { organisationId }) => putEntitlements(tx, organisationId, []))).end).toBe('no_role');
  });
});
