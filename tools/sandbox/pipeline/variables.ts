import { join, relative } from 'node:path';

/** What a step's container would have of its own, or what lets programs of this machine reach package registries. */
const kept =
  /^(HOME|USER|LOGNAME|LANG|LC_.*|TMPDIR|TERM|SSL_CERT_.*|NODE_EXTRA_CA_CERTS|NPM_CONFIG_.*|npm_config_(cache|registry|cafile)|GO[A-Z]+|PIP_.*|XDG_.*|TF_CLI_CONFIG_FILE)$/;

/**
 * The environment that steps begin with: nothing of the caller's accounts, settings or repository gets in, as in a new
 * container. Programs come from this machine, not from the project's own folders.
 */
export function bareEnvironment(env: NodeJS.ProcessEnv, project: string): NodeJS.ProcessEnv {
  const isForeign = (folder: string): boolean => relative(project, folder).startsWith('..');
  const path = (env['PATH'] ?? '').split(':').filter((folder) => folder !== '' && isForeign(folder));
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => kept.test(name))),
    PATH: path.join(':'),
    CI: 'true',
    NO_COLOR: '1',
  };
}

/** UUIDs of a workspace, a repository and its deployment environments, with braces as Bitbucket writes them. */
export interface Ids {
  readonly workspace: string;
  readonly repository: string;
  readonly environments: Readonly<Record<string, string>>;
}

export interface StepFacts {
  readonly ids: Ids;
  readonly commit: string;
  readonly buildNumber: number;
  readonly stepUuid: string;
  readonly pipelineUuid: string;
  readonly clone: string;
  readonly deployment: string | undefined;
  readonly token: string | undefined;
}

/** The default variables of a step (https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets). */
export const bitbucketVariables = (facts: StepFacts): NodeJS.ProcessEnv => ({
  BITBUCKET_BRANCH: 'main',
  BITBUCKET_BUILD_NUMBER: String(facts.buildNumber),
  BITBUCKET_CLONE_DIR: facts.clone,
  BITBUCKET_COMMIT: facts.commit,
  BITBUCKET_PIPELINE_UUID: facts.pipelineUuid,
  BITBUCKET_REPO_FULL_NAME: 'local/movies-api',
  BITBUCKET_REPO_SLUG: 'movies-api',
  BITBUCKET_REPO_UUID: facts.ids.repository,
  BITBUCKET_STEP_UUID: facts.stepUuid,
  BITBUCKET_WORKSPACE: 'local',
  ...(facts.deployment === undefined
    ? {}
    : {
        BITBUCKET_DEPLOYMENT_ENVIRONMENT: facts.deployment,
        BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID: facts.ids.environments[facts.deployment],
        // Credentials of a registry are the step's own.
        DOCKER_CONFIG: join(facts.clone, '.cache', 'docker'),
      }),
  ...(facts.token === undefined ? {} : { BITBUCKET_STEP_OIDC_TOKEN: facts.token }),
});
