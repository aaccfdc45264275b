/** oidc-provider without its console warnings about state in memory, which is what a local issuer wants. */
const { Provider: OidcProvider, errors } = await withoutWarnings(() => import('oidc-provider'));

export const OidcError = errors.OIDCProviderError;
export type OidcProvider = InstanceType<typeof OidcProvider>;

export function createProvider(...settings: ConstructorParameters<typeof OidcProvider>): OidcProvider {
  return withoutWarnings(() => new OidcProvider(...settings));
}

function withoutWarnings<T>(action: () => T): T {
  const { warn } = console;
  console.warn = () => undefined;
  const restore = () => {
    console.warn = warn;
  };
  try {
    const result = action();
    if (result instanceof Promise) void result.then(restore, restore);
    else restore();
    return result;
  } catch (error) {
    restore();
    throw error;
  }
}
