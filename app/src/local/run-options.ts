import { Command, InvalidArgumentError, Option } from 'commander';

export interface RunOptions {
  readonly port: number;
  readonly metricsPort: number;
  readonly issuerPort: number;
  readonly dynamodbPort: number;
  readonly dataDir: string;
  /** Also a Prometheus on the API's metrics. */
  readonly prometheus: boolean;
  readonly prometheusPort: number;
}

const port = (name: string, variable: string, what: string, standard: number) =>
  new Option(`--${name} <port>`, `${what}; 0 takes a free one`)
    .env(variable)
    .default(standard)
    .argParser(readPort);

function readPort(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError('A port is 0 to 65535.');
  return value;
}

/** Reads the command line and the environment. Throws commander's `CommanderError` for help and for misuse. */
export function readRunOptions(argv: readonly string[]): RunOptions {
  return new Command('make run')
    .usage('[ARGS="options"]')
    .description(
      'Run the movies API on this machine: embedded DynamoDB, real movies, token issuer, Swagger UI.',
    )
    .addOption(port('port', 'PORT', 'port of the API', 8080))
    .addOption(port('metrics-port', 'METRICS_PORT', 'port of its metrics', 9464))
    .addOption(port('issuer-port', 'ISSUER_PORT', 'port of the token issuer', 8081))
    .addOption(port('dynamodb-port', 'DYNAMODB_PORT', 'port of the embedded DynamoDB', 8000))
    .addOption(new Option('--data-dir <folder>', 'where the data is kept').env('DATA_DIR').default('.data'))
    .option('--prometheus', 'start Prometheus too, with the rules of production', false)
    .addOption(port('prometheus-port', 'PROMETHEUS_PORT', 'its port', 9090))
    .exitOverride()
    .allowExcessArguments(false)
    .parse(argv, { from: 'user' })
    .opts();
}
