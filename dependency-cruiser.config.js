/**
 * Who may import whom. A request flows through `app`, a deployment through `tools`; each room can be read without the others.
 * Types count: `tsPreCompilationDeps` follows imports that only TypeScript sees.
 */
const rooms = '(release|checks|sandbox|bench)';

/** What still breaks the rule, by the room that imports: each list only ever gets shorter. */
const known = {
  bench: [],
  checks: [],
  release: [],
  sandbox: [
    'tools/sandbox/deployment/fleet.ts',
    'tools/sandbox/deployment/overrides.ts',
    'tools/sandbox/deployment/runners.ts',
    'tools/sandbox/pipeline/scenarios/bad-release.ts',
  ],
};
// An empty list would exempt every file.
const exempt = ['^$', ...Object.values(known).flat()];

export default {
  forbidden: [
    {
      name: 'app-stands-alone',
      comment: 'The service is built and run without the tools.',
      severity: 'error',
      from: { path: '^app/', pathNot: exempt },
      to: { path: '^(tools|tests)/' },
    },
    {
      name: 'rooms-stand-apart',
      comment:
        'What two rooms share lies in tools/lib. One program runs another as a process, as a person would.',
      severity: 'error',
      from: { path: `^tools/${rooms}/`, pathNot: exempt },
      to: { path: `^tools/${rooms}/`, pathNot: '^tools/$1/' },
    },
    {
      name: 'lib-is-below-the-rooms',
      comment: 'A room uses tools/lib and tools/install, never the other way round.',
      severity: 'error',
      from: { path: '^tools/(lib|install)/', pathNot: exempt },
      to: { path: `^tools/${rooms}/` },
    },
    {
      name: 'tests-are-not-imported',
      comment: 'A program must run where the tests are not.',
      severity: 'error',
      from: { pathNot: ['^tests/', ...exempt] },
      to: { path: '^tests/' },
    },
    {
      name: 'no-circles',
      comment:
        'Files in a circle can only be understood and loaded together; split what both need into a third one.',
      severity: 'error',
      from: { pathNot: exempt },
      to: { circular: true },
    },
    {
      name: 'imports-resolve',
      comment: 'What can not be found can not be judged.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^[a-z@]' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
