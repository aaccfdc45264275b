import { SignJWT, exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload } from 'jose';
import type { TokenIssuer } from '../../../app/src/local/token-issuer.ts';

export interface Forgery {
  /** Claims that would get in if the issuer had signed them. */
  readonly claims: (changes?: JWTPayload) => JWTPayload;
  /** The issuer's public key, as everybody can fetch it. */
  readonly publicKey: Readonly<Record<string, string>> & { readonly kid: string };
  /** The forger's own public key. */
  readonly ownKey: object;
  /** Signed by the forger's own key. */
  readonly sign: (header: Partial<JWTHeaderParameters>, claims?: JWTPayload) => Promise<string>;
}

/** Everything that somebody has who knows the issuer but not its private key. */
export async function createForgery({ issuer, jwksUri, audience }: TokenIssuer): Promise<Forgery> {
  const answer: unknown = await fetch(jwksUri).then((response) => response.json());
  const [publicKey] = (answer as { keys: [Forgery['publicKey']] }).keys;
  const own = await generateKeyPair('RS256');
  const claims = (changes: JWTPayload = {}): JWTPayload => ({
    iss: issuer,
    aud: audience,
    exp: Math.floor(Date.now() / 1000) + 3600,
    scope: 'movies/read movies/write',
    ...changes,
  });
  return {
    claims,
    publicKey,
    ownKey: await exportJWK(own.publicKey),
    sign: (header, payload = claims()) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'RS256', ...header }).sign(own.privateKey),
  };
}

const base64 = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** A token put together by hand, with whatever signature. */
export const assemble = (header: unknown, claims: unknown, signature = ''): string =>
  `${base64(header)}.${base64(claims)}.${signature}`;
