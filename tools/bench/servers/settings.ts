/** What the bench tells a rival; ours reads its own settings. */
export function settings(): {
  port: number;
  dynamoDb: string;
  issuer: string;
  audience: string;
  jwks: string;
} {
  const { PORT, DYNAMODB_ENDPOINT, OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URI } = process.env;
  return {
    port: Number(PORT),
    dynamoDb: DYNAMODB_ENDPOINT ?? '',
    issuer: OIDC_ISSUER ?? '',
    audience: OIDC_AUDIENCE ?? '',
    jwks: OIDC_JWKS_URI ?? '',
  };
}

export const loopback = '127.0.0.1';
