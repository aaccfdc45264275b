import { json, readJson, refusal, text, type JsonObject } from '../answers.ts';
import type { Gap } from '../gap.ts';

/** Saved Logs Insights queries. `newId` gives the id of a new one. */
export function createQueryDefinitions(newId: () => string, now: () => number): Gap {
  const definitions = new Map<string, JsonObject>();
  return {
    reason: 'moto has no saved queries; aws_cloudwatch_query_definition creates, reads and deletes them',
    answers: {
      'logs.PutQueryDefinition': ({ body }) => {
        const { name, queryString, logGroupNames, queryDefinitionId } = readJson(body);
        const id = text(queryDefinitionId) || newId();
        definitions.set(id, {
          queryDefinitionId: id,
          name,
          queryString,
          logGroupNames: logGroupNames ?? [],
          lastModified: now(),
        });
        return json({ queryDefinitionId: id });
      },
      'logs.DescribeQueryDefinitions': ({ body }) => {
        const prefix = text(readJson(body)['queryDefinitionNamePrefix']);
        const found = [...definitions.values()].filter(({ name }) => text(name).startsWith(prefix));
        return json({ queryDefinitions: found });
      },
      'logs.DeleteQueryDefinition': (call) => {
        const existed = definitions.delete(text(readJson(call.body)['queryDefinitionId']));
        return existed
          ? json({ success: true })
          : refusal(call, 'ResourceNotFoundException', 'There is no such query definition.');
      },
    },
  };
}
