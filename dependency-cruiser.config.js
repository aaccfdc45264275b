/**
 * Who may import whom. A request flows through `app`, a deployment through `tools`; each room can be read without the others.
 * Types count: `tsPreCompilationDeps` follows imports that only TypeScript sees.
 */
const rooms = '(release|checks|sandbox|bench)';

export default {
  forbidden: [
    {
      name: 'app-stands-alone',
      comment: 'The service is built and run without the tools.',
      severity: 'error',
      from: { path: '^app/' },
      to: { path: '^(tools|tests)/' },
    },
    {
      name: 'local-is-not-deployed',
      comment: 'What runs on one machine brings a database, an issuer and movies, which no image may hold.',
      severity: 'error',
      from: { path: '^app/src/', pathNot: '^app/src/local/' },
      to: { path: '^app/src/local/' },
    },
    {
      name: 'rooms-stand-apart',
      comment:
        'What two rooms share lies in tools/lib. One program runs another as a process, as a person would.',
      severity: 'error',
      from: { path: `^tools/${rooms}/` },
      to: { path: `^tools/${rooms}/`, pathNot: '^tools/$1/' },
    },
    {
      name: 'lib-is-below-the-rooms',
      comment: 'A room uses tools/lib and tools/install, never the other way round.',
      severity: 'error',
      from: { path: '^tools/(lib|install)/' },
      to: { path: `^tools/${rooms}/` },
    },
    {
      name: 'tests-are-not-imported',
      comment: 'A program must run where the tests are not.',
      severity: 'error',
      from: { pathNot: '^tests/' },
      to: { path: '^tests/' },
    },
    {
      name: 'no-circles',
      comment:
        'Files in a circle can only be understood and loaded together; split what both need into a third one.',
      severity: 'error',
      from: {},
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
