/** HTML that was made here, and so need not be escaped again. */
type Html = { html: string };
type Chunk = string | Html | (string | Html)[];

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' };

/** Text as it may stand in HTML, in an attribute too. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** What a formatted text with tags becomes: text and parameters are escaped, what a tag made is not. */
export function renderChunk(chunk: unknown): string {
  if (Array.isArray(chunk)) return (chunk as Chunk[]).map(renderChunk).join('');
  if (typeof chunk === 'object' && chunk !== null && 'html' in chunk) return (chunk as Html).html;
  return escapeHtml(String(chunk));
}

/** Turns the named tags of a text into links, `<b>` into strong, and keeps the reading direction of what is in `<bdi>` to itself: a name may be Arabic. */
export function tagsOf(tags: Record<string, { href: string }>): Record<string, (chunks: unknown) => Html> {
  const links = Object.entries(tags).map(([name, { href }]) => [name, (chunks: unknown) => link(href, renderChunk(chunks))] as const);
  return {
    b: (chunks) => ({ html: `<strong>${renderChunk(chunks)}</strong>` }), bdi: (chunks) => ({ html: `<bdi>${renderChunk(chunks)}</bdi>` }),
    ...Object.fromEntries(links),
  };
}

function link(href: string, content: string): Html {
  // a scheme that runs script must never come from configuration or a parameter
  const safe = /^(https?:|mailto:|tel:|\/|\.|#|\?)/i.test(href) ? href : '#';
  return { html: `<a class="utrecht-link utrecht-link--html-a" href="${escapeHtml(safe)}">${content}</a>` };
}
