export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment doesn't make a configuration. `message` has one line per fault, each with its variable's name. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads typed settings and collects faults, so that all of them are told at once. Empty is the same as absent. */
export function createSettingsReader(env: Environment) {
  const faults: string[] = [];
  const fault = (name: string, what: string) => {
    faults.push(`${name} ${what}.`);
  };
  const text = (name: string): string | undefined => {
    const value = env[name]?.trim();
    return value === '' ? undefined : value;
  };

  return {
    text,
    fault,

    required(name: string, meaning: string): string {
      const value = text(name);
      if (value === undefined) fault(name, `is required: ${meaning}`);
      return value ?? '';
    },

    integer(name: string, byDefault: number, least: number, most: number): number {
      const value = text(name);
      if (value === undefined) return byDefault;
      const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
      if (number >= least && number <= most) return number;
      fault(name, `must be a whole number from ${least} to ${most}, not "${value}"`);
      return byDefault;
    },

    /** From 0 to 1. */
    share(name: string, byDefault: number): number {
      const value = text(name);
      if (value === undefined) return byDefault;
      const share = /^(0(\.\d+)?|1(\.0+)?)$/.test(value) ? Number(value) : Number.NaN;
      if (share >= 0) return share;
      fault(name, `must be a share from 0 to 1, such as 0.05, not "${value}"`);
      return byDefault;
    },

    oneOf<const T extends string>(name: string, choices: readonly T[], byDefault: T): T {
      const value = text(name);
      if (value === undefined) return byDefault;
      const choice = choices.find((known) => known === value);
      if (choice === undefined) fault(name, `must be one of ${choices.join(', ')}, not "${value}"`);
      return choice ?? byDefault;
    },

    flag(name: string): boolean {
      const value = text(name);
      if (value !== undefined && value !== 'true' && value !== 'false') {
        fault(name, `must be true or false, not "${value}"`);
      }
      return value === 'true';
    },

    url(name: string): string | undefined {
      const value = text(name);
      if (value === undefined) return undefined;
      const isWeb = URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
      if (!isWeb) fault(name, `must be an http(s) address, not "${value}"`);
      return value;
    },

    /** Comma-separated. */
    list(name: string): readonly string[] {
      return (text(name) ?? '')
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
    },

    throwFaults(): void {
      if (faults.length > 0) throw new ConfigError(faults.join('\n'));
    },
  };
}
