import { installDynamoDbLocal } from '../../tools/install/dynamodb-local.ts';
import { program, type Requirement } from './requirements.ts';

const java = program('java', 'install a Java runtime, 17 or newer', ['-version']);

/** Java, and DynamoDB Local in the project's cache or from Maven. */
export const dynamoDbLocal: Requirement = {
  name: 'DynamoDB Local',
  missing: () => {
    const noJava = java.missing();
    if (noJava !== undefined) return noJava;
    try {
      installDynamoDbLocal();
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
      return `DynamoDB Local can't be installed by Maven: ${reason}`;
    }
  },
};
