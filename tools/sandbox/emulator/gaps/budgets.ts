import { isObject, json, list, readJson, text, type Json, type JsonObject } from '../answers.ts';
import type { Call } from '../call.ts';
import type { Gap } from '../gap.ts';

/** Changes and tags of budgets, and subscribers of their notifications. */
export function createBudgets(): Gap {
  const tags = new Map<string, readonly JsonObject[]>();
  const subscribers = new Map<string, Json>();
  const changes = new Map<string, JsonObject>();

  const subscribe = (request: JsonObject, entry: JsonObject): void => {
    subscribers.set(notificationKey(request, entry['Notification']), entry['Subscribers'] ?? []);
  };

  return {
    reason:
      'moto keeps neither tags nor subscribers, and changes no budget; aws_budgets_budget reads all of it after each change',
    answers: {
      'budgets.CreateBudget': (call, forward) => {
        const request = readJson(call.body);
        const { Budget: budget } = request;
        const name = isObject(budget) ? text(budget['BudgetName']) : '';
        changes.delete(name);
        tags.set(
          `arn:aws:budgets::${text(request['AccountId'])}:budget/${name}`,
          list(request['ResourceTags']),
        );
        list(request['NotificationsWithSubscribers']).forEach((entry) => {
          subscribe({ ...request, BudgetName: name }, entry);
        });
        return forward(call);
      },
      'budgets.UpdateBudget': ({ body }) => {
        const { NewBudget: budget } = readJson(body);
        if (isObject(budget)) changes.set(text(budget['BudgetName']), budget);
        return json({});
      },
      'budgets.DescribeBudget': async (call, forward) => {
        const answer = await forward(call);
        const { Budget: budget } = readJson(answer.body);
        const changed = changes.get(text(readJson(call.body)['BudgetName']));
        return isObject(budget) && changed ? json({ Budget: { ...budget, ...changed } }) : answer;
      },
      'budgets.CreateNotification': (call, forward) => {
        const request = readJson(call.body);
        subscribe(request, request);
        return forward(call);
      },
      'budgets.DescribeSubscribersForNotification': ({ body }) => {
        const request = readJson(body);
        const found = subscribers.get(notificationKey(request, request['Notification']));
        return json({ Subscribers: found ?? [] });
      },
      'budgets.ListTagsForResource': (call) => json({ ResourceTags: tags.get(arnOf(call)) ?? [] }),
      'budgets.TagResource': (call) => {
        const added = list(readJson(call.body)['ResourceTags']);
        const untouched = (tags.get(arnOf(call)) ?? []).filter(
          ({ Key: key }) => !added.some((tag) => tag['Key'] === key),
        );
        tags.set(arnOf(call), [...untouched, ...added]);
        return json({});
      },
      'budgets.UntagResource': (call) => {
        const removed = readJson(call.body)['ResourceTagKeys'];
        const keeps = ({ Key: key }: JsonObject): boolean =>
          !(Array.isArray(removed) && removed.includes(key ?? null));
        tags.set(arnOf(call), (tags.get(arnOf(call)) ?? []).filter(keeps));
        return json({});
      },
    },
  };
}

const arnOf = ({ body }: Call): string => text(readJson(body)['ResourceARN']);

/** Two notifications of a budget differ in these four fields. */
function notificationKey(
  { AccountId: account, BudgetName: budget }: JsonObject,
  notification?: Json,
): string {
  const one = isObject(notification) ? notification : {};
  const type = one['ThresholdType'] ?? 'PERCENTAGE';
  return JSON.stringify([
    account,
    budget,
    one['NotificationType'],
    one['ComparisonOperator'],
    one['Threshold'],
    type,
  ]);
}
