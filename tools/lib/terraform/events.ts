/** What Terraform tells in its machine-readable output, as far as it is used here. */
export type TerraformEvent =
  | { readonly kind: 'planned'; readonly address: string; readonly action: string }
  | { readonly kind: 'started'; readonly address: string; readonly action: string }
  | { readonly kind: 'ended'; readonly address: string; readonly action: string; readonly seconds: number }
  | { readonly kind: 'problem'; readonly problem: Diagnostic };

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly summary: string;
  readonly detail: string;
  /** Resource or file and line that it is about; empty when Terraform doesn't say. */
  readonly where: string;
}

interface Line {
  readonly type?: string;
  readonly change?: { readonly resource: { readonly addr: string }; readonly action: string };
  readonly hook?: {
    readonly resource: { readonly addr: string };
    readonly action: string;
    readonly elapsed_seconds?: number;
  };
  readonly diagnostic?: {
    readonly severity: 'error' | 'warning';
    readonly summary: string;
    readonly detail?: string;
    readonly address?: string;
    readonly range?: { readonly filename: string; readonly start: { readonly line: number } };
  };
}

/** Reads one line of `-json` output (https://developer.hashicorp.com/terraform/internals/machine-readable-ui). */
export function readEvent(text: string): TerraformEvent | undefined {
  const { type, change, hook, diagnostic } = parse(text);
  if (type === 'planned_change' && change) {
    return { kind: 'planned', address: change.resource.addr, action: change.action };
  }
  if (hook && (type === 'apply_start' || type === 'apply_complete' || type === 'apply_errored')) {
    const about = { address: hook.resource.addr, action: hook.action };
    if (type === 'apply_start') return { kind: 'started', ...about };
    return { kind: 'ended', ...about, seconds: hook.elapsed_seconds ?? 0 };
  }
  if (!diagnostic) return undefined;
  const { severity, summary, detail = '', address, range } = diagnostic;
  const line = range ? `${range.filename}:${range.start.line}` : '';
  return { kind: 'problem', problem: { severity, summary, detail, where: address ?? line } };
}

/** Lines that are no JSON are Terraform's own prose: they hold no event. */
function parse(text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return {};
  }
}
