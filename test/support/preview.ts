import type { Portal, Realm } from '../../src/config/schema.ts';
import { usualPerson } from '../../src/config/person.ts';
import { qrOf } from '../../src/domain/factors/qr.ts';
import { formOf } from '../../src/domain/profile.ts';
import type { Page } from '../../src/flow/step.ts';
import type { ViewLocals } from '../../src/http/render.ts';
import { textsFor } from '../../src/texts/catalogue.ts';

/** A page as a server could show it: the title is a text key, or words. */
export type Sample = { name: string; view: string; titleKey?: string; title?: string; params?: Record<string, string | number>; locals?: Partial<ViewLocals> };

export const realm = {
  id: 'preview', name: 'Stichting Knooppunt', languages: ['nl', 'en'], issuer: 'http://localhost:3000/preview', folder: '', texts: {},
  desk: { name: 'Servicedesk van het Knooppunt', phone: '088 000 00 01', hours: 'werkdagen 08.30 – 17.00 uur', email: 'hulp@knooppunt.example' },
  password: { forgotten: 'link', change_at_login: true }, help: {},
  links: { means: 'https://www.eherkenning.nl/', privacy: 'https://knooppunt.example/privacy', accessibility: 'https://knooppunt.example/a11y' },
  theme: {
    brand: ['#f1f9fa', '#dff1f3', '#bfe3e7', '#7fc6ce', '#1a7f8b', '#0d5f69', '#08444c', '#042328'],
    header_background: '#ffffff', header_color: '#001a40', radius: '0.25rem', logo: 'logo.svg',
  },
} as unknown as Realm;

export const portal = { id: 'zorg', name: 'Portaal Zorg', service: 'Knooppuntdiensten', url: 'http://localhost:3001/zorg/', test: false } as unknown as Portal;

const form = { action: '/preview/login/1', csrf: 'c', version: 3 };
const brokers = [
  { id: 'digidentity', name: 'Digidentity', available: true }, { id: 'oudvandis', name: 'OudVandis', available: false },
  { id: 'reecent', name: 'Reecent', available: true }, { id: 'rpn', name: 'RPN', available: true },
  { id: 'wbid', name: 'Wb.ID', formerly: 'Connectie', available: true, checked: true, last: true }, { id: 'zlogin', name: 'Zlogin', available: true },
];
const broker = { provider: realm.name, service: portal.service, level: '3', means: realm.links.means, remember: true, brokers };
const mix = { need: 3, lower: 'yes', upper: 'yes', digit: 'yes', punctuation: 'yes' };
const newPassword = {
  username: 'jdevries',
  rules: [{ code: 'new-password.short', params: { min: 12 } }, { code: 'new-password.classes', params: mix }, { code: 'new-password.username' }, { code: 'new-password.history', params: { count: 12 } }, { code: 'new-password.common' }],
};
const setUp = { methods: ['totp', 'sms'], manuals: [], minutes: 10 };
const qr = qrOf('otpauth://totp/Stichting%20Knooppunt:a.devries?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Stichting%20Knooppunt');
const asked = formOf(usualPerson, { email: true });
const askedMore = formOf({
  fields: ['initials', 'family_name', 'birth_date', 'gender', 'address', 'postal_address', 'phone', 'mobile', 'contact_email', 'email', 'department', 'function', 'card_function'],
  required: ['initials', 'family_name', 'email'], functions: [{ code: '100', name: 'Directeur' }, { code: '140', name: 'Systeem/applicatiebeheerder' }],
}, { email: true });
const more = { birth_date: '31-12-1980', gender: 'anders', address: 'Dijk 1\n1234 AB Lissendam', function: '140', initials: 'A.', card_function: 'Hoofd "Zorg" & Welzijn' };
const passkeyOptions = { challenge: 'AAAA', rpId: 'localhost', timeout: 300_000, userVerification: 'required' };
const nav = [{ href: '/preview/admin/', label: 'Gebruikers', current: true }, { href: '/preview/admin/logout', label: 'Uitloggen', icon: 'logout', end: true, post: '/preview/admin/logout' }];
const day = 86_400;
const noon = 1_795_000_000;
const anna = { id: 'm1', name: 'Anna de Vries-van der Sluis', email: 'a.devries@gemeente-voorbeeld.example', phone: '0612345678', department: 'Sociaal domein', tier: 'user', status: 'pending', registeredAt: noon, lastLoginAt: null, brokers: ['Digidentity'] };
const roles = [{ id: 'gebruiker', name: 'Gebruiker', description: 'Uploadt en downloadt bestanden.', entitled: true }, { id: 'productbeheerder', name: 'Productbeheerder', description: 'Stelt de (webservice)instellingen in.', entitled: true }];
const application = (id: string, name: string, exclusive: boolean, held?: string) => ({
  id, name, exclusive, description: `Berichtenverkeer ${name}`, field: `role.${id}`, roles: roles.map((role) => ({ ...role, checked: role.id === held })),
});
const person = {
  person: anna, canIssue: false, peopleUrl: '/preview/admin/', rolesAction: '/preview/admin/people/m1/roles', codeAction: '/preview/admin/people/m1/code', endUrl: '/preview/admin/people/m1/end',
  applications: [application('iwmo', 'iWmo', true), application('ijw', 'iJw', true), application('wlz', 'Wlz-Registertoets', false)],
};
const given = { ...person, canIssue: true, applications: [application('iwmo', 'iWmo', true, 'gebruiker'), application('ijw', 'iJw', true)] };
const everyone = ['Bart Jansen', 'Chaima el Haddou-Vermeulen', 'Dirk de Boer'].map((name, index) => ({
  ...anna, id: `p${index}`, name, tier: index === 1 ? 'administrator' : 'user', status: index === 2 ? 'ended' : 'active', lastLoginAt: index === 2 ? null : noon - index * day,
}));
const messages = [
  { id: 'o1', realm: 'preview', channel: 'mail', to: 'beheer@gemeente.example', subject: 'Nieuwe gebruiker: Anna de Vries', text: 'Beste gebruikersbeheerder,\n\nAnna de Vries heeft zich aangemeld.', links: ['http://localhost:3000/preview/admin/people/m1'], code: null, state: 'sent', at: noon },
  { id: 'o2', realm: 'preview', channel: 'sms', to: '+31612345678', subject: null, text: '123456 is uw inlogcode', links: [], code: '123456', state: 'waiting', at: noon - 60 },
];
const step = (id: string, page: Page, name: string = id, locals: Partial<ViewLocals> = {}): Sample => ({
  name, view: `step:${id}`, titleKey: page.title?.key ?? `${id}.title`, ...(page.title?.params && { params: page.title.params }), locals: { ...form, step: id, binding: id, page, ...locals },
});
const organisationNames = ['Zorggroep Zuid', 'Zorggroep Zuid', 'مؤسسة الرعاية', 'Stichting voor Wonen, Welzijn en Zorg in de Gemeenten langs de Grote Rivieren'];
const spans = { minutes: 20, hours: 8 };
const notice = {
  now: noon, endsAt: noon + 100, warnAt: noon - 20, because: 'idle' as const, token: 'c', to: '/preview/admin/', pageOnly: false,
  statusHref: '/preview/session/status', extendHref: '/preview/session/extend', logoutHref: '/preview/session/end', pageHref: '/preview/session?to=',
};
const problem = (code: string, message: string, field?: string) => ({ code, message, ...(field && { field }) });
const end = (code: string, fine = false, params: Record<string, string | number> = {}, words = ''): Sample => {
  const all = { portal: portal.name, organisation: 'Gemeente Voorbeeld', missing: 'Aansluitings- en bewerkersovereenkomst; Bewerkersovereenkomst met VECOZO', count: 2, need: '3', known: 'yes', got: '2', by: 'portal', open: 'everyone', hopeless: 'no', brokers: 'yes', address: '2001:db8::1428:57ab', ...params };
  return { name: `end-${code}${words}`, view: 'login/end', titleKey: `end.${code}${words}.title`, params: all, locals: { ...form, page: { code, key: `end.${code}${words}`, params: all, fine, deskFirst: code === 'second_factor_unusable', reference: 'K7QM4T', portalUrl: portal.url, canReturn: !fine, canRestart: !fine && params['hopeless'] === undefined } } };
};

/** Every view in its states, with invented people. */
export const samples: Sample[] = [
  step('broker', broker, 'broker', { stepCount: { n: 1, total: 4 } }),
  step('broker', { ...broker, brokers: brokers.map(({ id, name, available }) => ({ id, name, available })) }, 'broker-error', { problems: [problem('broker.required', 'Kies met welke leverancier u wilt inloggen', 'broker')], portal: { ...portal, test: true } }),
  step('second-factor', { ...setUp, stage: 'choice', manuals: [{ title: 'Twee-staps verificatie', url: 'https://knooppunt.example/handleiding' }] }, 'second-factor-choice'),
  step('second-factor', { ...setUp, stage: 'totp', secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', qr }, 'second-factor-totp'),
  step('second-factor', { ...setUp, stage: 'phone' }, 'second-factor-phone', { values: { phone: '0900 1234' }, problems: [problem('second-factor.phone.not_dialable', 'Naar dit nummer kunnen wij geen code sturen. Vul een heel telefoonnummer in dat begint met +31, bijvoorbeeld van uw mobiel', 'phone')] }),
  step('second-factor', { ...setUp, stage: 'sms', phone: '+31 •••••••78', pause: 24 }, 'second-factor-sms'),
  step('second-factor', { ...setUp, stage: 'codes', codes: Array.from({ length: 10 }, (_, n) => `K7QM-4TPX-92A${'BCDEFGHJKL'[n]}`) }, 'second-factor-codes'),
  step('second-factor', { ...setUp, methods: ['passkey', 'totp'], stage: 'passkey', options: passkeyOptions }, 'second-factor-passkey'),
  step('passkey', { options: passkeyOptions, ways: ['totp', 'recovery'] }),
  step('passkey', { ways: [], blocked: 0, title: { key: 'passkey.none.title' } }, 'passkey-none'),
  step('passkey', { ways: ['recovery'], blocked: 1, title: { key: 'passkey.blocked.title', params: { count: 1 } } }, 'passkey-blocked', { problems: [problem('passkey.blocked', 'Deze passkey is geblokkeerd, omdat hij misschien is gekopieerd. Kies een andere manier of bel de servicedesk')] }),
  step('totp', { ways: ['sms', 'recovery'] }),
  step('sms-code', { ways: ['totp', 'recovery'], minutes: 10, phone: '+31 •••••••78', pause: 30 }),
  step('sms-code', { ways: ['recovery'], minutes: 10 }, 'sms-code-unreadable', { problems: [problem('sms-code.unreadable', 'Wij kunnen uw telefoonnummer niet lezen. Kies een andere manier of bel de servicedesk', 'code')] }),
  step('recovery-code', { left: 10, ways: ['totp'] }, 'recovery-code', { problems: [problem('recovery-code.wrong', 'De herstelcode klopt niet, of is al gebruikt', 'code')] }),
  step('recovery-code', { left: 0, ways: ['totp'] }, 'recovery-code-none'),
  step('organisation', { filter: '', total: 4, away: false, organisations: organisationNames.map((name, index) => ({ id: `o${index}`, name, current: index === 1, ...(index < 2 && { number: { type: 'kvk', value: `9999000${index}` } }) })), present: organisationNames[1] }),
  step('organisation', { filter: '', total: 21, away: false, organisations: Array.from({ length: 21 }, (_, n) => ({ id: `o${n}`, name: `Zorggroep ${n}` })) }, 'organisation-many'),
  step('organisation', { filter: 'zorg', total: 400, away: true, present: 'Thuiszorg Veldzicht', organisations: [] }, 'organisation-away', { problems: [problem('organisation.unavailable', 'Deze organisatie kunt u niet kiezen. Misschien is uw toegang net veranderd. Kies een andere organisatie', 'organisation')] }),
  step('profile', { form: asked }, 'profile', { values: { given_name: 'Anna', email: 'a@b.example' } }),
  step('profile', { form: asked }, 'profile-error', { values: { salutation: 'mevrouw', initials: '', email: 'anna', newsletter: '1' }, problems: [problem('profile.initials.required', 'Vul uw voorletters in', 'initials'), problem('profile.email.format', 'Vul een e-mailadres in, zoals naam@voorbeeld.nl', 'email')] }),
  step('profile', { form: askedMore, prefill: more }, 'profile-more'),
  step('profile', { form: askedMore }, 'profile-more-error', { values: { ...more, birth_date: '30-2-1980', function: '999' }, problems: [problem('profile.birth_date.format', 'Vul uw geboortedatum in als een dag die bestaat, zoals 31-12-1980. Niet voor 1900, en niet na vandaag', 'birth_date'), problem('profile.function.format', 'Kies uw functie uit de lijst', 'function'), problem('profile.gender.format', 'Kies man, vrouw of anders', 'gender')] }),
  step('activation-code', { state: 'waiting', channel: 'letter', sentAt: noon, expiresAt: noon + 30 * day }, 'activation'),
  step('activation-code', { state: 'expired' }, 'activation-expired'),
  step('security-questions', { questions: ['In welke straat woonde u toen u 10 jaar was?', 'Hoe heette uw eerste juf of meester?', 'Waar had u uw eerste baan?'].map((text, index) => ({ id: `q${index}`, text })), need: 2, optional: true }),
  step('verification-code', { organisation: 'Gemeente Voorbeeld', administrators: ['Chaima el Haddou', 'Dirk de Boer'], first: false }, 'code', { deadline: 4_000_000_000 }),
  step('verification-code', { organisation: 'Gemeente Voorbeeld', administrators: [], first: true }, 'code-first', { problems: [problem('verification-code.wrong', 'De verificatiecode klopt niet. U kunt het nog 4 keer proberen', 'code')] }),
  step('first-administrator', { organisation: 'Gemeente Voorbeeld' }),
  step('password', { identifiers: ['relation_number', 'username'] }),
  step('password', { identifiers: ['username'], passkey: passkeyOptions }, 'password-passkey'),
  step('password', { identifiers: ['username'] }, 'password-error', { values: { username: 'jansen' }, problems: [problem('password.wrong', 'De ingevulde gegevens kloppen niet. Controleer ze en probeer het opnieuw')] }),
  { name: 'forgot', view: 'password/forgot', titleKey: 'forgot.title', locals: { action: '/preview/password/forgot', csrf: 'c', page: { identifiers: ['username'] } } },
  { name: 'forgot-error', view: 'password/forgot', titleKey: 'forgot.title', locals: { action: '/preview/password/forgot', csrf: 'c', page: { identifiers: ['relation_number', 'username'] }, values: { relation_number: '100231' }, problems: [problem('password.username.required', 'Vul uw gebruikersnaam in', 'username')] } },
  { name: 'forgot-asked', view: 'password/asked', titleKey: 'forgot.asked.title', locals: { page: { unit: 'hours', span: 8, againHref: '/preview/password/forgot' } } },
  { name: 'password-link', view: 'password/link', titleKey: 'new-password.title', locals: { action: '/preview/password/link/x', csrf: 'c', page: newPassword } },
  { name: 'password-link-expired', view: 'password/expired', titleKey: 'password-link.expired.title', locals: { page: { againHref: '/preview/password/forgot' } } },
  { name: 'password-change', view: 'password/change', titleKey: 'password-change.title', locals: { action: '/preview/password/change', csrf: 'c', page: { identifiers: ['username'], ...newPassword, username: '' } } },
  { name: 'password-two-steps', view: 'password/two-steps', titleKey: 'password-change.two-steps.title', locals: { page: { accountHref: '/preview/account/password' } } },
  { name: 'password-two-steps-desk', view: 'password/two-steps', titleKey: 'password-change.two-steps.title', locals: { page: {} } },
  { name: 'help', view: 'help', titleKey: 'help.title', locals: { page: { email: 'hulp@knooppunt.example', mailHref: 'mailto:hulp@knooppunt.example?subject=x&body=y', include: ['Uw volledige naam', 'De naam van uw organisatie', 'Uw gebruikersnaam'] } } },
  { name: 'password-link-done', view: 'password/done', titleKey: 'password-link.done.title', locals: { page: {} } },
  step('new-password', { because: 'one_time', ...newPassword }),
  step('new-password', { because: 'expired', ...newPassword }, 'new-password-error', { problems: [problem('new-password.short', 'Gebruik ten minste 12 tekens', 'new_password'), problem('new-password.common', 'Kies geen wachtwoord dat makkelijk te raden is, zoals een bekend woord met een jaartal', 'new_password')] }),
  step('password-notice', { days: 12, choosing: false, ...newPassword }),
  step('password-notice', { days: 1, choosing: true, ...newPassword }, 'password-notice-choosing'),
  ...['organisation_unknown', 'agreements_missing', 'administrator_first', 'account_inactive', 'membership_ended', 'no_role', 'level_too_low', 'second_factor_unusable', 'not_administrator', 'network_not_allowed', 'flow_unsafe'].map((code) => end(code)),
  end('organisation_none', false, { why: 'has_role', organisations: 'Thuiszorg Veldzicht; Zorggroep Zuid' }), { ...end('organisation_none', false, { why: 'none', organisations: '', count: 0 }), name: 'end-organisation_none-at-all' },
  end('verified', true), end('registration_only', true), end('application_closed', true, { opens: 'maandag 30 november, 07:30' }),
  end('level_too_low', false, { hopeless: 'yes', by: 'organisation' }, '.hopeless'), { ...end('level_too_low', false, { hopeless: 'yes', known: 'no', need: '-' }, '.hopeless'), name: 'end-level_too_low.gone' },
  end('level_too_low', false, { brokers: 'no', need: 'twee stappen', got: 'wachtwoord' }, '.local'),
  { name: 'expired', view: 'login/expired', titleKey: 'expired.title', locals: { page: { portalName: portal.name, portalUrl: portal.url, answerUrl: '/back' } } },
  { name: 'leave', view: 'login/leave', titleKey: 'leave.title', params: { broker: 'RPN' }, locals: { page: { url: 'http://localhost:3002/sso', fields: { SAMLRequest: 'abc', RelayState: 'x' }, brokerName: 'RPN' } } },
  { name: 'error', view: 'error', titleKey: 'error.session_not_found.title', locals: { page: { code: 'session_not_found', reference: 'K7QM4T', portalUrl: portal.url } } },
  { name: 'logout', view: 'logout', titleKey: 'logout.title', locals: { page: { form: '<form id="op.logoutForm" method="post" action="/preview/session/end/confirm"><input type="hidden" name="xsrf" value="x"/></form>' } } },
  { name: 'logged-out', view: 'logged-out', titleKey: 'logged-out.title', locals: { page: { portalUrl: portal.url, ended: 'session', sessions: 1 } } },
  { name: 'logged-out-everywhere', view: 'logged-out', titleKey: 'logged-out.title', locals: { page: { portalUrl: portal.url, ended: 'everywhere', sessions: 3 } } },
  { name: 'logged-out-portal', view: 'logged-out', titleKey: 'logged-out.portal.title', params: { portal: portal.name }, locals: { page: { portalUrl: portal.url, ended: 'portal', sessions: 0 } } },
  { name: 'logged-out-nothing', view: 'logged-out', titleKey: 'logged-out.nothing.title', locals: { page: { portalUrl: portal.url, ended: 'nothing', sessions: 0 } } },
  { name: 'session-warning', view: 'session', titleKey: 'session.warning.title', locals: { session: { ...notice, pageOnly: true }, page: { state: 'warning', spans } } },
  { name: 'session-at-its-end', view: 'session', titleKey: 'session.warning.title', locals: { session: { ...notice, because: 'expired', pageOnly: true }, page: { state: 'warning', spans } } },
  ...(['idle', 'expired', 'none'] as const).map((state) => ({ name: `session-${state}`, view: 'session', titleKey: `session.${state}.title`, params: spans, locals: { page: { state, spans, loginHref: '/preview/admin/' } } })),
  { name: 'outbox', view: 'demo/outbox', titleKey: 'outbox.title', locals: { page: { messages, previews: new Set(['o1']) } } },
  { name: 'people', view: 'admin/people', titleKey: 'admin.people.title', locals: { nav, csrf: 'c', page: { organisation: 'Gemeente Voorbeeld', people: everyone, pending: [anna] }, extendHref: '/preview/admin/', deadline: 4_000_000_000 } },
  { name: 'person', view: 'admin/person', title: anna.name, locals: { nav, csrf: 'c', page: person, session: notice } },
  { name: 'person-saved', view: 'admin/person', title: anna.name, locals: { nav, csrf: 'c', page: { ...given, saved: 'roles' } } },
  { name: 'person-ended', view: 'admin/person', title: anna.name, locals: { nav, csrf: 'c', page: { ...person, person: { ...anna, status: 'ended' }, resumeAction: '/preview/admin/people/m1/resume', saved: 'ended' } } },
  { name: 'end-access', view: 'admin/end', titleKey: 'admin.end.question', params: { name: anna.name }, locals: { nav, csrf: 'c', page: { person: anna, organisation: 'Gemeente Voorbeeld', endAction: '/preview/admin/people/m1/end', personUrl: '/preview/admin/people/m1' } } },
  { name: 'person-code', view: 'admin/person', title: anna.name, locals: { nav, csrf: 'c', page: { ...given, code: 'K7QM-4TPX-92', expiresAt: noon + 14 * day } } },
];

/** What the renderer gets for a sample. */
export function localsOf(sample: Sample, language: string): ViewLocals {
  const title = sample.titleKey === undefined ? sample.title ?? '' : textsFor(realm).t(language)(sample.titleKey, sample.params ?? {});
  return { realm, portal, language, title, languageHref: (code) => `?lang=${code}`, ...sample.locals };
}
