import type { KeyObject } from 'node:crypto';

/** What an answer must be about. Times are epoch seconds. */
export type Expected = {
  /** the broker's EntityID */
  issuer: string;
  keys: KeyObject[];
  /** our EntityID */
  audience: string;
  acsUrl: string;
  /** ID of the AuthnRequest of this browser's run, and when it was sent */
  requestId: string;
  askedAt: number;
  /** we asked for a new login, so an old one will not do */
  forceAuthn: boolean;
  now: number;
};
