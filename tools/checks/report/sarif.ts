import type { Severity } from '../finding.ts';
import type { JudgedFinding, Verdict } from '../verdict.ts';

const levelOf: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  unrated: 'warning',
};

/** SARIF 2.1.0, one run per gate; an exception is a suppression with its reason, a gate that could not look says so. */
export function toSarif({ gates }: Verdict): string {
  const runs = gates.map(({ id, title, verdict, note, findings }) => ({
    tool: {
      driver: {
        name: id,
        fullName: title,
        rules: [...new Map(findings.map(({ rule, message }) => [rule, message]))].map(([rule, message]) => ({
          id: rule,
          shortDescription: { text: message },
        })),
      },
    },
    invocations: [
      {
        executionSuccessful: verdict !== 'not checked',
        ...(verdict === 'not checked'
          ? { toolExecutionNotifications: [{ level: 'error', message: { text: `not checked: ${note}` } }] }
          : {}),
      },
    ],
    results: findings.map(toResult),
  }));
  return `${JSON.stringify({ $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs }, null, 1)}\n`;
}

const toResult = ({
  rule,
  severity,
  resource,
  file,
  line,
  message,
  fate,
  exception,
}: JudgedFinding): object => ({
  ruleId: rule,
  level: fate === 'advice' ? 'note' : levelOf[severity],
  message: { text: `${message} (${resource})` },
  locations: [
    {
      physicalLocation: {
        artifactLocation: { uri: encodeURI(file) },
        ...(line === undefined ? {} : { region: { startLine: line } }),
      },
      logicalLocations: [{ fullyQualifiedName: resource }],
    },
  ],
  ...(exception === undefined
    ? {}
    : {
        suppressions: [
          {
            kind: 'external',
            status: 'accepted',
            justification: `${exception.reason} Until ${exception.expires}, ${exception.owner}.`,
          },
        ],
      }),
});
