import { BrokerRefusal } from '../broker.ts';

/** Size of the form field, before decoding. A real response with nested assertions is 20 to 60 KB. */
const maxEncoded = 256 * 1024;
const maxElements = 3000;
const maxDepth = 40;
const maxAttributes = 32;
const maxAttributesInAll = 5000;

/** Characters that XML 1.0 cannot hold. */
export const notXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/**
 * Decodes the SAMLResponse form field.
 * @throws BrokerRefusal broker.too_large (over 256 KiB) or broker.malformed (no base64, no UTF-8)
 */
export function decodeMessage(field: string | undefined): string {
  if (!field) throw new BrokerRefusal('broker.malformed', 'no SAMLResponse');
  // Size first: nothing below may see a long input.
  if (field.length > maxEncoded) throw new BrokerRefusal('broker.too_large', `${field.length} characters of base64`);
  const packed = field.replace(/[ \t\r\n]+/g, '');
  // Node skips what is no base64; two readers of the same field could then see two messages.
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) throw new BrokerRefusal('broker.malformed', 'not base64');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(packed, 'base64'));
  } catch {
    throw new BrokerRefusal('broker.malformed', 'not UTF-8');
  }
}

/**
 * Looks at the bare text, before any parser does: refuses what no SAML message needs and what makes parsers differ or
 * slow. Gives the text without its XML declaration.
 * @throws BrokerRefusal broker.forbidden_xml, broker.malformed or broker.structure (limits)
 */
export function checkPlain(xml: string): string {
  const text = xml.replace(/^\s*<\?xml[ \t\r\n][^<>?]*\?>/, '');
  // `<!` starts DOCTYPE (entities), comments and CDATA; `<?` instructions. A literal `<` cannot occur in text or values.
  if (/<[!?]/.test(text)) throw new BrokerRefusal('broker.forbidden_xml', 'DOCTYPE, comment, CDATA or processing instruction');
  if (notXml.test(text)) throw new BrokerRefusal('broker.forbidden_xml', 'control character');
  checkLimits(text);
  return text;
}

/** Parsing, canonicalization and our own walks all cost more than linear time in these. */
function checkLimits(text: string): void {
  let elements = 0;
  let depth = 0;
  let brackets = 0;
  let inAll = 0;
  for (const [, closing, body = ''] of text.matchAll(/<(\/?)((?:[^<>"']|"[^"<]*"|'[^'<]*')*)>/g)) {
    brackets += 1;
    if (closing) { depth -= 1; continue; }
    elements += 1;
    if (!body.endsWith('/')) depth += 1;
    if (elements > maxElements || depth > maxDepth) throw new BrokerRefusal('broker.structure', 'too many elements or too deep');
    const attributes = (body.match(/"[^"]*"|'[^']*'/g) ?? []).length;
    inAll += attributes;
    if (attributes > maxAttributes || inAll > maxAttributesInAll) throw new BrokerRefusal('broker.structure', 'too many attributes');
  }
  // A bracket outside a whole tag was not counted, so the limits would not hold for it.
  if (brackets !== text.split('<').length - 1) throw new BrokerRefusal('broker.malformed', 'stray bracket');
}
