import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Misuse } from '../../../app/src/commands/problem.ts';
import { nodePrograms } from '../../install/node-programs.ts';
import { output } from '../../lib/processes.ts';
import { cacheDirectory, findProviderMirrors } from '../../lib/terraform/environment.ts';

/** Of buildpack-deps:bookworm, which node:24-bookworm is made on: less than it has, and nothing that it lacks. */
const ofImage = [
  ...['ca-certificates', 'curl', 'gnupg', 'netbase', 'wget', 'tzdata', 'git', 'mercurial', 'openssh-client'],
  ...['procps', 'autoconf', 'automake', 'bzip2', 'dpkg-dev', 'file', 'g++', 'gcc', 'libc6-dev', 'libssl-dev'],
  ...['make', 'patch', 'unzip', 'xz-utils', 'zlib1g-dev', 'openssl'],
];
/** What stands for the service `docker` of a step. */
const ofDocker = ['podman', 'runc'];
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const installTimeoutMs = 1_800_000;

/** Where Bitbucket has the clone of each step: what a cache holds may name it. */
export const cloneInside = '/opt/atlassian/pipelines/agent/build';

/** Becomes the shell of a step: in a file system of layers, where nothing of this machine is seen but its clone and what is named. */
const enter = `set -euo pipefail
layers=$1 folder=$2 clone=$PWD inside=${cloneInside}; shift 2
mount --make-rprivate /
mkdir -p "$folder"/{changes,work,root,containers}
mount -t overlay overlay -o "lowerdir=$layers,upperdir=$folder/changes,workdir=$folder/work" "$folder/root"
cd "$folder/root"
mkdir -p var/lib/containers proc run .outside ".$inside"
mount --bind "$clone" ".$inside"
mount --bind "$folder/containers" var/lib/containers
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p ".$1"; else mkdir -p ".\${1%/*}"; touch ".$1"; fi
  mount --rbind "$1" ".$1"
  shift
done
shift
mount -t proc proc proc
mount -t tmpfs tmpfs run
pivot_root . .outside
umount --lazy /.outside
rmdir /.outside
cd "$inside"
exec "$@"`;

/** File systems for steps: what the image of the pipeline has, and in each what the step itself changes. */
export interface Confinement {
  /** What a step begins with, of the environment that it would have on this machine. */
  readonly environment: (env: NodeJS.ProcessEnv) => NodeJS.ProcessEnv;
  /** Words to put before a program; `folder` keeps what changes, `visible` are folders and files of this machine. */
  readonly words: (
    folder: string,
    visible: readonly string[],
    withDocker: boolean,
  ) => readonly [string, ...string[]];
}

/** Words before a program that runs on layers, the upper ones first, and sees of this machine what is named alone. */
export const confineTo = (
  layers: readonly string[],
  folder: string,
  visible: readonly string[],
): readonly [string, ...string[]] => [
  ...(['unshare', '--mount', '--pid', '--fork', '--kill-child', 'bash', '-c', enter, 'step'] as const),
  ...[layers.join(':'), folder, ...visible, '--'],
];

/** Makes the image's file system by debootstrap, once for each list of packages. Root on Linux alone may mount one. */
export async function openConfinement(home: string, say: (line: string) => void): Promise<Confinement> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Misuse('A file system for each step takes root on Linux.', 'Be root, or leave out --confined.');
  const version = createHash('sha256').update([ofImage, ofDocker].join()).digest('hex').slice(0, 8);
  const [image, docker] = [join(home, `image-${version}`), join(home, `docker-${version}`)];
  // What stands for a registry that doesn't answer: Terraform looks for mirrors in these places.
  const mirrors = (await findProviderMirrors(process.env)).map(({ directory }) => directory);
  const ofMachine = ['/dev', '/sys', '/etc/hosts', '/etc/resolv.conf', ...mirrors].filter(existsSync);
  const modules = [cacheDirectory('modules', process.env)].filter(existsSync);
  const words = (folder: string, visible: readonly string[], withDocker: boolean) =>
    confineTo(withDocker ? [docker, image] : [image], folder, [...ofMachine, ...modules, ...visible]);
  const environment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !/^(XDG_.*|TMPDIR)$/.test(name))),
    PATH: path,
  });
  await mkdir(home, { recursive: true });
  if (!existsSync(image)) {
    say('making the file system of the image, once');
    await makeImage(`${image}.new`);
    await rename(`${image}.new`, image);
  }
  if (!existsSync(docker)) {
    const [folder, env] = [
      `${docker}.new`,
      environment({ ...process.env, DEBIAN_FRONTEND: 'noninteractive' }),
    ];
    await rm(folder, { recursive: true, force: true });
    const install = `apt-get update -qq && apt-get install -qq --no-install-recommends ${ofDocker.join(' ')}`;
    const [program, ...args] = [...words(folder, [], false), 'bash', '-c', install];
    await output(program, args, { cwd: '/', env, timeoutMs: installTimeoutMs });
    await rename(join(folder, 'changes'), docker);
    await rm(folder, { recursive: true, force: true });
  }
  return { environment, words };
}

async function makeImage(root: string): Promise<void> {
  await rm(root, { recursive: true, force: true });
  const options = ['--variant=minbase', `--include=${ofImage.join()}`, 'bookworm', root];
  await output('debootstrap', options, { timeoutMs: installTimeoutMs });
  const local = join(root, 'usr/local');
  const { program, npm } = nodePrograms();
  await cp(program, join(local, 'bin/node'));
  await cp(npm, join(local, 'lib/node_modules/npm'), { recursive: true });
  for (const name of ['npm', 'npx'])
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, `bin/${name}`));
  // Of a proxy that inspects TLS, for instance.
  const certificates = 'usr/local/share/ca-certificates';
  if (existsSync(`/${certificates}`))
    await cp(`/${certificates}`, join(root, certificates), { recursive: true });
  await output('chroot', [root, '/usr/sbin/update-ca-certificates']);
}
