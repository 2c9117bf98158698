import type { Element } from '@xmldom/xmldom';
import { BrokerRefusal } from '../broker.ts';
import type { BrokerProof } from '../../flow/facts.ts';
import { ns } from './names.ts';
import { childrenOf, textOf } from './xml.ts';

type Value = { text: string; qualifier: string | null };
type Attributes = Map<string, Value[]>;

const identifierTypes = new Map([['KvKnr', 'kvk'], ['RSIN', 'rsin'], ['Pseudo', 'pseudo']]);
const personNames = new Map([
  ['FirstName', 'given_name'], ['FamilyName', 'family_name'],
  ['Email', 'email'], ['EmailAddress', 'email'], ['Phone', 'phone'], ['PhoneNumber', 'phone'],
]);
/** Pseudonyms are 97 characters today; everything else is shorter. */
const maxLength = 255;

/**
 * A mandate for one branch or dossier only, or one that came through an intermediary: read as if it were for the whole
 * organisation it would give more than was granted.
 */
const restricting = /^urn:etoegang:(?:core:Intermediate(?:Subject|Entity)ID|1\.\d+:(?:IntermediateEntityID|ServiceRestriction|attribute-intermediate):?.*)$/;

/**
 * Reads who logged in and for which organisation from a verified assertion (eHerkenning attribute catalogue).
 * @throws BrokerRefusal broker.incomplete without exactly one acting person, or without an organisation we can name;
 * broker.restricted for a mandate that is not for the whole organisation itself
 */
export function readIdentity(assertion: Element, brokerId: string): BrokerProof {
  const attributes = readAttributes(assertion);
  const restriction = [...attributes.keys()].find((name) => restricting.test(name));
  if (restriction !== undefined) throw new BrokerRefusal('broker.restricted', restriction);
  const acting = new Set((attributes.get('urn:etoegang:core:ActingSubjectID') ?? []).map((value) => value.text));
  const [actingSubject] = acting;
  // The pseudonym is the account's key: two of them would be two persons.
  if (!actingSubject || acting.size > 1) throw new BrokerRefusal('broker.incomplete', 'not exactly one ActingSubjectID');
  const organisationName = findByName(attributes, /^urn:etoegang:1\.\d+:attribute-represented:CompanyName$/);
  return {
    id: brokerId,
    actingSubject,
    organisation: readOrganisation(attributes.get('urn:etoegang:core:LegalSubjectID') ?? []),
    ...(organisationName ? { organisationName } : {}),
    person: readPerson(attributes),
  };
}

/** Values that are encrypted, empty or too long are left out, so that they count as absent. */
function readAttributes(assertion: Element): Attributes {
  const attributes: Attributes = new Map();
  const all = childrenOf(assertion, ns.assertion, 'AttributeStatement').flatMap((statement) => childrenOf(statement, ns.assertion, 'Attribute'));
  for (const attribute of all) {
    const name = attribute.getAttribute('Name') ?? '';
    const values = childrenOf(attribute, ns.assertion, 'AttributeValue').flatMap(readValue);
    attributes.set(name, [...(attributes.get(name) ?? []), ...values]);
  }
  return attributes;
}

/** A value is either text, or one NameID whose NameQualifier tells the kind of identifier. */
function readValue(value: Element): Value[] {
  const [nameId, ...others] = childrenOf(value);
  if (others.length > 0) return [];
  if (nameId && !(nameId.namespaceURI === ns.assertion && nameId.localName === 'NameID')) return [];
  const text = textOf(nameId ?? value);
  return text === '' || text.length > maxLength ? [] : [{ text, qualifier: nameId?.getAttribute('NameQualifier') ?? null }];
}

function readOrganisation(values: Value[]): Record<string, string> {
  const organisation: Record<string, string> = {};
  for (const value of values) {
    const type = identifierType(value);
    // A kind we may not keep (a citizen service number) or do not know.
    if (!type) continue;
    if (organisation[type] !== undefined && organisation[type] !== value.text) throw new BrokerRefusal('broker.incomplete', `two values of ${type}`);
    organisation[type] = value.text;
  }
  if (Object.keys(organisation).length === 0) throw new BrokerRefusal('broker.incomplete', 'no LegalSubjectID of a known kind');
  return organisation;
}

/** Older brokers send bare text: a number of the trade register has 8 digits, an RSIN 9. */
function identifierType({ text, qualifier }: Value): string | undefined {
  const kind = /^urn:etoegang:1\.\d+:EntityConcernedID:(KvKnr|RSIN|Pseudo)$/.exec(qualifier ?? '')?.[1];
  if (kind) return identifierTypes.get(kind);
  if (qualifier) return undefined;
  if (/^\d{8}$/.test(text)) return 'kvk';
  return /^\d{9}$/.test(text) ? 'rsin' : undefined;
}

/** Only to fill in a form beforehand; the person checks it. */
function readPerson(attributes: Attributes): Record<string, string> {
  const person: Record<string, string> = {};
  for (const [name, values] of attributes) {
    const key = personNames.get(/^urn:etoegang:1\.\d+:attribute:(\w+)$/.exec(name)?.[1] ?? '');
    if (key && values[0]) person[key] ??= values[0].text;
  }
  return person;
}

function findByName(attributes: Attributes, pattern: RegExp): string | undefined {
  return [...attributes].find(([name]) => pattern.test(name))?.[1][0]?.text;
}
