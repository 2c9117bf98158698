/**
 * A rule of the house refused what was asked. `code` is stable: it is the text key, the `data-problem` on the page and
 * the reason in the audit log; `params` fill the text and hold nothing secret.
 */
export class DomainError extends Error {
  readonly code: string;
  readonly params: Record<string, string | number>;

  constructor(code: string, params: Record<string, string | number> = {}) {
    super(code);
    this.name = 'DomainError';
    this.code = code;
    this.params = params;
  }
}
