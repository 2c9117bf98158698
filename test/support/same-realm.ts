/**
 * Jest runs tests in a context of its own, but `structuredClone` there makes objects of the outer one, whose
 * `constructor` is another `Object`. The provider takes those for no plain objects and refuses keys of configured clients.
 */
const native = globalThis.structuredClone;

globalThis.structuredClone = <T>(value: T): T => ofThisContext(native(value)) as T;

function ofThisContext(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, ofThisContext);
  if (Object.prototype.toString.call(value) !== '[object Object]') return value;
  return Object.fromEntries(Object.entries(value as object).map(([key, inner]) => [key, ofThisContext(inner)]));
}
