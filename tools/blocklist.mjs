/**
 * Makes src/domain/passwords/common.bloom: passwords that everybody tries first. The result is committed, so that running
 * Sluis needs none of the packages it is made of; they are wanted only when this is run again (`node tools/blocklist.mjs`).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bloomOf } from '../dist/src/domain/passwords/bloom.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const list = (path) => JSON.parse(readFileSync(join(root, 'node_modules/@zxcvbn-ts', path), 'utf8'));
const row = (signs, from, to) => Array.from({ length: to - from + 1 }, (_, n) => signs.slice(0, from + n));

/** What Dutch offices choose and no list from abroad has; digits and signs around them are taken off before they are looked up. */
const dutch = ('welkom welkom01 welkomterug wachtwoord wachtwoordwachtwoord paswoord toegang inloggen inlog nieuwwachtwoord mijnwachtwoord geheim geheimpje '
  + 'januari februari maart april mei juni juli augustus september oktober november december '
  + 'maandag dinsdag woensdag donderdag vrijdag zaterdag zondag lente voorjaar zomer herfst najaar winter vakantie kerst kerstmis pasen sinterklaas '
  + 'gemeente provincie ministerie zorg zorgkantoor zorgverzekeraar zorginstelling ziekenhuis thuiszorg huisarts indicatie inlichtingenbureau sociaal '
  + 'nederland holland amsterdam rotterdam denhaag utrecht eindhoven groningen nijmegen arnhem enschede zwolle maastricht breda tilburg haarlem almere leiden delft '
  + 'ajax feyenoord oranje voetbal schatje liefje lieverd hallo hallohallo goedemorgen hoihoi beheer beheerder administrator gebruiker test testtest proef').split(' ');
const rows = [...row('123456789012345678901234567890', 6, 24), ...row('abcdefghijklmnopqrstuvwxyz', 6, 26), ...row('qwertyuiopasdfghjklzxcvbnm', 6, 26), ...row('azertyuiopqsdfghjklm', 6, 20)];
const words = ['commonWords', 'boysFirstnames', 'girlsFirstnames'].flatMap((name) => list(`language-nl-be/src/${name}.json`)).filter((word) => word.length >= 5);
const all = new Set([...list('language-common/src/passwords.json'), ...words, ...dutch, ...rows].map((word) => word.normalize('NFC').toLowerCase()));

const bytes = bloomOf([...all]);
writeFileSync(join(root, 'src/domain/passwords/common.bloom'), bytes);
console.log(`${all.size} passwords and words in ${bytes.length} bytes`);
