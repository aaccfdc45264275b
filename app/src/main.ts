import { type Config, readConfig } from './config.ts';
import { startService, type Service } from './service.ts';
import { ConfigError } from './settings-reader.ts';
import { createLogger, createLogOutput } from './telemetry/logger.ts';

/** EX_CONFIG of sysexits.h. */
const exitMisconfigured = 78;

function configOrExit(): Config {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`The settings of the service are wrong:\n${error.message}\n`);
    process.exit(exitMisconfigured);
  }
}

const config = configOrExit();
const { logLevel: level, serviceName, build } = config;
const logger = createLogger({ level, service: serviceName, version: build.version }, createLogOutput());

function die(error: unknown): never {
  logger.fatal({ err: error }, 'the service ends by an error');
  process.exit(1);
}
process.on('uncaughtException', die);
process.on('unhandledRejection', die);

startService(config, logger).then(stopBySignal, die);

function stopBySignal(service: Service): void {
  let isStopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // Who asks twice is in a hurry.
      if (isStopping) process.exit(1);
      isStopping = true;
      service.stop().then(() => process.exit(0), die);
    });
  }
}
