/** Variables through which a person's own account could slip into a local deployment. */
const foreign = /^(AWS_|TF_VAR_|TF_WORKSPACE$|TF_CLI_ARGS|STATE_)/;
const kept = ['AWS_CA_BUNDLE'];

/**
 * An environment in which every AWS client talks to the emulator and to nothing else: no profile, no real credentials,
 * no metadata service, no variables meant for a real account.
 */
export function emulatedAws(env: NodeJS.ProcessEnv, url: string, region: string): NodeJS.ProcessEnv {
  const neutral = Object.entries(env).filter(([name]) => !foreign.test(name) || kept.includes(name));
  return {
    ...Object.fromEntries(neutral),
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_S3: url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: region,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
