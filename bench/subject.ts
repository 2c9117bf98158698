/** What is measured: a server behind a proxy, with a portal's client and a client without people. */
export type Subject = {
  name: string;
  port: number;
  /** host of its issuer; the scheme is https, which a proxy in front would end */
  host: string;
  /** path of its issuer, '' or `/<realm>` */
  prefix: string;
  portal: Credentials;
  batch: Credentials;
};

export type Credentials = { id: string; secret: string };
/** Fields of the login page. */
export type Person = Record<string, string>;

/** What machine tokens are for: it makes them JWTs (RFC 9068). */
export const api = 'https://api.example';
export const callback = 'https://portals.example/callback';
export const scopes = 'openid profile email phone organisation roles';

export type Endpoints = Record<'authorization' | 'token' | 'userinfo' | 'introspection' | 'jwks', string> & { discovery: string };
