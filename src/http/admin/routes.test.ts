import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bodyParser } from '@koa/bodyparser';
import Koa from 'koa';
import request from 'supertest';
import { administratorOf, emptyDatabase, exampleProof, exampleRealm, noon, organisationWith, registered, type Someone } from '../../../test/support/house.ts';
import { checkCode } from '../../domain/verification.ts';
import { listAudit } from '../../store/audit.ts';
import { verificationCodes } from '../../store/codes.ts';
import type { Database } from '../../store/database.ts';
import { listRoles, setRoles, updateMembership } from '../../store/memberships.ts';
import { createRenderer } from '../render.ts';
import type { AdminContext, Administrator } from './context.ts';
import { adminRoutes } from './routes.ts';

const realm = exampleRealm();
const clock = () => noon;
let database: Database;
let mine: string;
let admin: Someone;
let newcomer: Someone;
let stranger: Someone;

beforeEach(async () => {
  database = await emptyDatabase();
  mine = await organisationWith(database, realm, '10000001', { entitlements: [
    { application: 'iwmo', role: 'gebruiker' }, { application: 'iwmo', role: 'productbeheerder' }, { application: 'ijw', role: 'gebruiker' },
  ] });
  const theirs = await organisationWith(database, realm, '10000002');
  admin = await administratorOf(database, realm, mine);
  newcomer = await registered(database, realm, mine, { broker: exampleProof('10000001') });
  stranger = await registered(database, realm, theirs, { broker: exampleProof('10000002') });
  await setRoles(database.db, stranger.membershipId, [{ application: 'iwmo', role: 'gebruiker', assigned_by: 'x', assigned_at: noon }]);
});
afterEach(() => database.close());

/** Pages come as JSON: what the view is given. */
const asJson: AdminContext['render'] = async (ctx, view, locals) => { ctx.body = { view, ...locals }; };

function site(render = asJson, who: Partial<Administrator> = {}) {
  const app = new Koa();
  app.silent = true;
  app.use(bodyParser({ enableTypes: ['form'] }));
  app.use(async (ctx, next) => {
    Object.assign(ctx.state, { language: 'nl', admin: { accountId: admin.accountId, organisationId: mine, membershipId: admin.membershipId, displayName: 'Anneke Waterman', ...who } });
    await next();
  });
  app.use(adminRoutes({ realm, database, render, clock }).routes());
  return request(app.callback());
}

const at = (someone: Someone, rest = '') => `/people/${someone.membershipId}${rest}`;
const post = (path: string, fields = '') => site().post(path).type('form').send(fields);
const here = (location: string | undefined) => (location ?? '').replace('/voorbeeld/admin', '');

async function giveRole(): Promise<void> {
  await setRoles(database.db, newcomer.membershipId, [{ application: 'iwmo', role: 'gebruiker', assigned_by: 'x', assigned_at: noon }]);
}

describe('IB-6 people', () => {
  test('registrations that wait come first, and only those of the own organisation', async () => {
    const { body, status } = await site().get('/');
    expect(status).toBe(200);
    expect(body).toMatchObject({ view: 'admin/people', page: { organisation: 'Gemeente 10000001', pending: [{ id: newcomer.membershipId }], people: [{ id: admin.membershipId, tier: 'administrator' }] } });
    expect(JSON.stringify(body)).not.toContain(stranger.membershipId);
    expect((await site().get('/people')).headers['location']).toBe('/voorbeeld/admin/');
  });

  test('IB-7 a person has the products and roles that the organisation is entitled to', async () => {
    const { body } = await site().get(at(newcomer));
    expect(body.page.person).toMatchObject({ name: 'Carla Nieuwenhof', status: 'pending', brokers: ['reecent'] });
    expect(body.page.canIssue).toBe(false);
    expect(body.page.applications.map((one: { id: string }) => one.id)).toEqual(['iwmo', 'ijw']);
    expect(body.page.applications[1].roles).toEqual([
      { id: 'gebruiker', name: 'Gebruiker', checked: false, entitled: true },
      { id: 'productbeheerder', name: 'Productbeheerder', checked: false, entitled: false },
    ]);
  });
});

describe('IB-7 saving roles', () => {
  test('answers with a redirect to the page that shows them', async () => {
    const saved = await post(at(newcomer, '/roles'), 'role-iwmo=productbeheerder&role-ijw=gebruiker');
    expect([saved.status, saved.headers['location']]).toEqual([303, `/voorbeeld/admin${at(newcomer)}?saved=roles`]);
    const { body } = await site().get(here(saved.headers['location']));
    expect(body.page).toMatchObject({ saved: 'roles', canIssue: true });
    expect(body.page.applications[0].roles).toMatchObject([{ checked: false }, { id: 'productbeheerder', checked: true }]);
    expect(await listAudit(database.db, { event: 'roles.assigned' })).toMatchObject([{ actor: { kind: 'person', id: admin.accountId }, object_id: newcomer.membershipId }]);
  });

  test('what is not ticked goes; an administrator may take their own', async () => {
    await giveRole();
    await post(at(newcomer, '/roles'), 'role-iwmo=');
    expect(await listRoles(database.db, newcomer.membershipId)).toEqual([]);
    expect((await post(at(admin, '/roles'), 'role-iwmo=gebruiker')).status).toBe(303);
  });

  test.each([
    ['role-iwmo=gebruiker&role-iwmo=productbeheerder', 'roles.exclusive', 'role-iwmo'],
    ['role-ijw=productbeheerder', 'roles.not_entitled', 'role-ijw'],
    ['role-wlz=gebruiker', 'roles.not_entitled', 'role-wlz'],
    ['role-iwmo=baas', 'roles.unknown', 'role-iwmo'],
    ['role-other=gebruiker', 'roles.unknown', undefined],
    ['role-__proto__=gebruiker', 'roles.unknown', undefined],
  ])('%s is refused: %s, and what was chosen stays on the page', async (fields, code, field) => {
    const { body, status } = await post(at(newcomer, '/roles'), `${fields}&role-ijw=gebruiker`);
    expect(status).toBe(422);
    expect(body.problems).toEqual([{ code, message: expect.any(String), ...(field && { field }) }]);
    expect(body.page.applications[1].roles[0].checked).toBe(true);
    expect(await listRoles(database.db, newcomer.membershipId)).toEqual([]);
  });
});

describe('IB-6 issuing a verification code', () => {
  test('not before a role', async () => {
    const { body, status } = await post(at(newcomer, '/code'));
    expect([status, body.problems[0].code]).toEqual([422, 'verification.role_first']);
  });

  test('shows it once, to who issued it, on the page of that person', async () => {
    await giveRole();
    const issued = await post(at(newcomer, '/code'));
    expect(issued.status).toBe(303);
    const location = here(issued.headers['location']);
    const others = [location.replace(newcomer.membershipId, admin.membershipId)];
    for (const path of others) expect((await site().get(path)).body.page).toMatchObject({ codeGone: true });
    expect((await site(asJson, { accountId: 'colleague' }).get(location)).body.page.code).toBeUndefined();
    const first = await site().get(location);
    expect(first.headers['cache-control']).toBe('no-store');
    expect(first.body.page).toMatchObject({ code: expect.stringMatching(/^\w{4}-\w{4}-\w{2}$/), codeGone: false });
    expect((await site().get(location)).body.page).toMatchObject({ codeGone: true });
    expect(await checkCode(database.db, { membershipId: newcomer.membershipId, typed: first.body.page.code, now: noon })).toMatchObject({ ok: true, tier: 'user' });
  });

  test('is nowhere readable in the database', async () => {
    await giveRole();
    const { headers } = await post(at(newcomer, '/code'));
    const tables = [await database.db.selectFrom('tickets').selectAll().execute(), await database.db.selectFrom('verification_codes').selectAll().execute(), await listAudit(database.db)];
    const { code } = (await site().get(here(headers['location']))).body.page;
    expect(JSON.stringify(tables)).not.toContain(code);
    expect(JSON.stringify(tables)).not.toContain(new URL(headers['location'] ?? '', 'http://x').searchParams.get('shown'));
  });

  test('not for who is verified, and never more than twenty an hour', async () => {
    await giveRole();
    const answers = [];
    for (let n = 0; n < 21; n += 1) answers.push((await post(at(newcomer, '/code'))).status);
    expect(answers).toEqual([...Array.from({ length: 20 }, () => 303), 429]);
    await updateMembership(database.db, newcomer.membershipId, { status: 'active' });
    const { body } = await site(asJson, { accountId: 'colleague' }).post(at(newcomer, '/code'));
    expect(body.problems[0].code).toBe('verification.not_pending');
  });

  test('an unknown handle, or two, is only a page without a code', async () => {
    for (const query of ['?shown=x', '?shown=', '?shown=a&shown=b']) expect((await site().get(at(newcomer, query))).body.page).toMatchObject({ codeGone: true });
  });
});

describe('the border of an organisation', () => {
  test.each([['get', ''], ['get', '?shown=x'], ['post', '/roles'], ['post', '/code']] as const)('%s %s on somebody of another organisation is not found, as nobody is', async (method, rest) => {
    for (const id of [stranger.membershipId, stranger.accountId, newcomer.accountId, 'nobody', '%2e%2e', '%00', "'--"]) {
      const answer = await site()[method](`/people/${id}${rest}`).send(method === 'post' ? 'role-iwmo=productbeheerder' : undefined);
      expect([answer.status, answer.text]).toEqual([404, 'Not Found']);
    }
    expect(await listRoles(database.db, stranger.membershipId)).toMatchObject([{ role: 'gebruiker' }]);
    expect(await verificationCodes.latest(database.db, stranger.membershipId)).toBeUndefined();
  });
});

describe('the pages themselves', () => {
  test('render with what they are given', async () => {
    const renderer = createRenderer();
    const html: AdminContext['render'] = async (ctx, view, locals) => { ctx.body = await renderer.render(view, { realm, language: 'nl', languageHref: () => '#', ...locals }); };
    const people = await site(html).get('/');
    expect(people.text).toContain(`/voorbeeld/admin/people/${newcomer.membershipId}"`);
    const wrong = await site(html).post(at(newcomer, '/roles')).type('form').send('role-iwmo=gebruiker&role-iwmo=productbeheerder');
    expect(wrong.text).toContain('data-problem="roles.exclusive"');
    await giveRole();
    const issued = await site(html).post(at(newcomer, '/code'));
    const shown = await site(html).get(here(issued.headers['location']));
    expect(shown.text).toMatch(/data-code>\w{4}-\w{4}-\w{2}</);
    expect(shown.text).toMatch(/name="role-iwmo"[^>]*value="gebruiker" checked/);
  });
});
