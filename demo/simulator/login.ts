import { randomBytes } from 'node:crypto';
import type { World, WorldPerson } from '../world.ts';
import type { SentCode } from './codes.ts';
import { newCode, tryCode } from './codes.ts';
import { card, highestWithoutCard, lower, passwordOnly, rank } from './levels.ts';
import type { LoginRequest } from './request.ts';

const lifetime = 1800;
const mostMessages = 5;

/** One person's way through the pages of a broker. */
export type Login = {
  id: string;
  broker: string;
  request: LoginRequest;
  service: string;
  serviceId: string;
  stage: 'method' | 'card' | 'code' | 'level';
  startedAt: number;
  person?: WorldPerson;
  level?: string;
  sent?: SentCode;
  messages: number;
};

export type Problem = { field: string; code: string; left?: number };

/** What comes of a submitted form: a page again, or the answer to the service provider. */
export type Next = { kind: 'page'; problem?: Problem } | { kind: 'send'; login: Login } | { kind: 'answer'; level: string } | { kind: 'cancelled' };

const page: Next = { kind: 'page' };

/** Keeps logins for half an hour, in memory. Times in epoch seconds. */
export function createLogins() {
  const logins = new Map<string, Login>();
  return {
    begin(start: Pick<Login, 'broker' | 'request' | 'service' | 'serviceId'>, now: number): Login {
      for (const [id, login] of logins) if (now - login.startedAt > lifetime) logins.delete(id);
      const login: Login = { ...start, id: randomBytes(16).toString('hex'), stage: 'method', startedAt: now, messages: 0 };
      logins.set(login.id, login);
      return login;
    },
    find(broker: string, id: string, now: number): Login | undefined {
      const login = logins.get(id);
      return login && login.broker === broker && now - login.startedAt <= lifetime ? login : undefined;
    },
    end: (id: string) => logins.delete(id),
  };
}

/** The test cards of a broker: everybody whose means has level 4. */
export function cardsOf(world: World, broker: string): WorldPerson[] {
  return peopleOf(world, broker).filter((person) => person.means?.level === card);
}

function peopleOf(world: World, broker: string): WorldPerson[] {
  return world.realms.flatMap((realm) => realm.people).filter((person) => person.means?.broker === broker);
}

/** One submitted form. `obey`: refuse a means that is lower than asked, as a real broker does. */
export function submit(world: World, login: Login, form: Record<string, string>, obey: boolean, now: number): Next {
  const action = form['action'] ?? '';
  if (action === 'cancel') return { kind: 'cancelled' };
  if (action === 'back') return toMethod(login);
  if (login.stage === 'method') return action === 'card' ? toCard(login) : password(world, login, form, now);
  if (login.stage === 'card') return chosenCard(world, login, form, obey);
  if (login.stage === 'code' && action === 'skip') return skip(login);
  if (login.stage === 'code') return action === 'sms' || action === 'call' ? again(login, action, now) : code(login, form, obey, now);
  return action === 'proceed' ? { kind: 'answer', level: login.level ?? '' } : page;
}

function toMethod(login: Login): Next {
  login.stage = 'method';
  return page;
}

function toCard(login: Login): Next {
  login.stage = 'card';
  return page;
}

function password(world: World, login: Login, form: Record<string, string>, now: number): Next {
  const username = (form['username'] ?? '').trim().toLowerCase();
  if (username === '') return { kind: 'page', problem: { field: 'username', code: 'username.required' } };
  if (!form['password']) return { kind: 'page', problem: { field: 'password', code: 'password.required' } };
  const person = peopleOf(world, login.broker).find((p) => p.means?.username === username && p.means.password === form['password']);
  if (!person?.means) return { kind: 'page', problem: { field: 'username', code: 'credentials.wrong' } };
  login.person = person;
  login.level = lower(person.means.level, highestWithoutCard);
  login.stage = 'code';
  return send(login, 'sms', now);
}

function send(login: Login, channel: SentCode['channel'], now: number): Next {
  if (login.messages >= mostMessages) return { kind: 'page', problem: { field: 'code', code: 'code.limit' } };
  login.messages += 1;
  login.sent = newCode(channel, now);
  return { kind: 'send', login };
}

function again(login: Login, action: 'sms' | 'call', now: number): Next {
  return send(login, action === 'call' ? 'voice' : 'sms', now);
}

function code(login: Login, form: Record<string, string>, obey: boolean, now: number): Next {
  if (!login.sent) return page;
  const result = tryCode(login.sent, form['code'] ?? '', now);
  if (!result.ok) return { kind: 'page', problem: { field: 'code', code: result.problem, left: result.left } };
  return shown(login, obey);
}

/** Level 2 asks no SMS code: who wants no more than that may leave it out. */
export function maySkip({ request, level }: Login): boolean {
  return rank(request.minimum ?? passwordOnly) <= rank(passwordOnly) && rank(level ?? '') > rank(passwordOnly);
}

function skip(login: Login): Next {
  return maySkip(login) ? { kind: 'answer', level: passwordOnly } : page;
}

function chosenCard(world: World, login: Login, form: Record<string, string>, obey: boolean): Next {
  const person = cardsOf(world, login.broker).find((p) => p.id === form['card']);
  if (!person) return { kind: 'page', problem: { field: 'card', code: 'card.required' } };
  login.person = person;
  login.level = card;
  return shown(login, obey);
}

/** Logged in at the broker; below the level that is asked a broker refuses. */
function shown(login: Login, obey: boolean): Next {
  const level = login.level ?? '';
  const enough = login.request.minimum === undefined || rank(level) >= rank(login.request.minimum);
  if (enough || !obey) return { kind: 'answer', level };
  login.stage = 'level';
  return page;
}
