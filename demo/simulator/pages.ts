import { html } from '../html.ts';
import type { Html } from '../html.ts';
import type { WorldPerson } from '../world.ts';
import { brokers } from './brokers.ts';
import { label } from './levels.ts';
import type { Login, Problem } from './login.ts';
import { maySkip } from './login.ts';
import type { Language, Texts } from './texts.ts';
import { isProblemKey, textsIn } from './texts.ts';

export type PageContext = { language: Language; broker: string; login?: Login; problem?: Problem | undefined; values?: Record<string, string> };

/** The page of the login's stage. */
export function stagePage(context: PageContext & { login: Login }, cards: WorldPerson[]): string {
  const t = textsIn(context.language);
  const { login } = context;
  if (login.stage === 'card') return layout(context, t('card.title'), cardBody(t, context, cards));
  if (login.stage === 'code') return layout(context, t('code.title'), codeBody(t, context));
  if (login.stage === 'level') {
    const params = { has: label(login.level ?? ''), asked: label(login.request.minimum ?? '') };
    return layout(context, t('level.title', params), levelBody(t, params));
  }
  return layout(context, t('method.title'), methodBody(t, context));
}

/** A page that only says something: out of order, refused, over. */
export function notice(context: PageContext, title: string, text: string, end: string): string {
  return layout(context, title, html`<p data-end="${end}">${text}</p>`);
}

/** The form that carries the answer to the service provider; its script presses the button. */
export function answerPage(context: PageContext, url: string, fields: Record<string, string>, loggedIn: boolean): string {
  const t = textsIn(context.language);
  const title = loggedIn ? t('answer.title', { broker: brokers[context.broker] ?? '' }) : t('answer.cancelled');
  return layout(context, title, html`<p>${t('answer.text')}</p>
    <form method="post" action="${url}" data-send>
      ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
      <p><button>${t('continue')}</button></p>
    </form>
    <script src="/assets/send.js" defer></script>`);
}

function methodBody(t: Texts, { problem, values }: PageContext): Html {
  return html`<div class="methods">
    <section aria-labelledby="by-password"><h2 id="by-password">${t('method.password')}</h2>
      <form method="post" novalidate>
        ${field(t, { name: 'username', label: t('method.username'), hint: t('method.username.hint'), type: 'text', complete: 'username', value: values?.['username'] ?? '' }, problem)}
        ${field(t, { name: 'password', label: t('method.secret'), type: 'password', complete: 'current-password' }, problem)}
        <p class="buttons"><button>${t('continue')}</button> <button class="plain" name="action" value="cancel" formnovalidate>${t('cancel')}</button></p>
      </form></section>
    <section aria-labelledby="by-card"><h2 id="by-card">${t('method.card')}</h2>
      <p>${t('method.card.hint')}</p>
      <form method="post"><p class="buttons"><button name="action" value="card" aria-describedby="by-card">${t('continue')}</button></p></form></section>
  </div>`;
}

function cardBody(t: Texts, { problem }: PageContext, cards: WorldPerson[]): Html {
  return html`<form method="post" novalidate>
    ${cards.length === 0 ? html`<p>${t('card.none')}</p>` : html`<fieldset ${problem ? html`aria-describedby="card-error"` : ''}><legend>${t('card.title')}</legend>
      ${problem && html`<p class="error" id="card-error">${problemText(t, problem)}</p>`}
      ${cards.map((person, i) => html`<p class="choice"><input type="radio" name="card" value="${person.id}" id="${i === 0 ? 'card' : `card-${i}`}">
        <label for="${i === 0 ? 'card' : `card-${i}`}">${person.means?.given_name} ${person.means?.family_name} (${person.id})</label></p>`)}
      </fieldset>`}
    <p class="buttons">${cards.length > 0 && html`<button>${t('continue')}</button>`}
      <button class="plain" name="action" value="back" formnovalidate>${t('back')}</button>
      <button class="plain" name="action" value="cancel" formnovalidate>${t('cancel')}</button></p>
  </form>`;
}

function codeBody(t: Texts, { login, problem }: PageContext): Html {
  const end = (login?.person?.means?.phone ?? '').slice(-2);
  return html`<p role="status">${t(login?.sent?.channel === 'voice' ? 'code.sent.voice' : 'code.sent.sms', { end })}</p>
    <form method="post" novalidate>
      ${field(t, { name: 'code', label: t('code.label'), type: 'text', complete: 'one-time-code', numeric: true }, problem)}
      <p class="buttons"><button>${t('continue')}</button> <button class="plain" name="action" value="cancel" formnovalidate>${t('cancel')}</button></p>
    </form>
    <h2>${t('code.again')}</h2>
    <form method="post"><p class="buttons"><button class="plain" name="action" value="sms">${t('code.sms')}</button>
      <button class="plain" name="action" value="call">${t('code.call')}</button></p></form>
    ${login && maySkip(login) && html`<h2>${t('code.without')}</h2>
    <form method="post"><p class="buttons"><button class="plain" name="action" value="skip">${t('code.skip')}</button></p></form>`}`;
}

function levelBody(t: Texts, params: { has: string; asked: string }): Html {
  return html`<p data-end="level_too_low">${t('level.text', params)}</p>
    <form method="post"><p class="buttons"><button name="action" value="cancel">${t('cancel')}</button>
      <button class="plain" name="action" value="proceed" aria-describedby="proceed-hint">${t('level.proceed')}</button></p>
      <p class="hint" id="proceed-hint">${t('level.proceed.hint', params)}</p></form>`;
}

type Field = { name: string; label: string; hint?: string; type: string; complete: string; value?: string; numeric?: boolean };

function field(t: Texts, f: Field, problem: Problem | undefined): Html {
  const wrong = problem?.field === f.name;
  const described = [f.hint && `${f.name}-hint`, wrong && `${f.name}-error`].filter(Boolean).join(' ');
  return html`<div class="field"><label for="${f.name}">${f.label}</label>
    ${f.hint && html`<span class="hint" id="${f.name}-hint">${f.hint}</span>`}
    ${wrong && html`<span class="error" id="${f.name}-error">${problemText(t, problem)}</span>`}
    <input id="${f.name}" name="${f.name}" type="${f.type}" autocomplete="${f.complete}" value="${f.value ?? ''}" spellcheck="false" autocapitalize="none"
      ${f.numeric && html`inputmode="numeric"`} ${wrong && html`aria-invalid="true"`} ${described && html`aria-describedby="${described}"`}></div>`;
}

function problemText(t: Texts, problem: Problem): string {
  const key = `problem.${problem.code}`;
  return isProblemKey(key) ? t(key, { left: problem.left ?? 0 }) : problem.code;
}

function layout(context: PageContext, title: string, body: Html): string {
  const t = textsIn(context.language);
  const { problem, login } = context;
  const other = context.language === 'nl' ? 'en' : 'nl';
  const page = html`<!doctype html>
<html lang="${context.language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${problem && `${t('error')}: `}${title} - ${brokers[context.broker] ?? 'Simulator'}</title><link rel="stylesheet" href="/assets/simulator.css"></head>
<body><header><p class="broker">${brokers[context.broker] ?? 'Simulator'}</p>
<p class="language"><a href="?lang=${other}" lang="${other}" hreflang="${other}">${t('language')}</a></p></header>
<main>${login && html`<p class="service">${t('header')} <strong>${login.service}</strong></p>`}
${problem && html`<div class="summary" role="alert" data-problem="${problem.code}"><h2>${t('error')}</h2>
<p><a href="#${problem.field}">${problemText(t, problem)}</a></p></div>`}
<h1>${title}</h1>${body}
${login && html`<details><summary>${t('tester')}</summary><dl>
<dt>${t('tester.asked')}</dt><dd>${login.request.minimum ?? t('none')}</dd><dt>${t('tester.force')}</dt><dd>${login.request.forceAuthn ? t('yes') : t('no')}</dd>
<dt>${t('tester.service')}</dt><dd>${login.request.serviceIndex || t('none')}</dd><dt>${t('tester.request')}</dt><dd>${login.request.id}</dd></dl></details>`}
</main><footer><p>${t('test')}</p></footer></body></html>`;
  return page.text;
}
