import { isObject, json, readJson, refusal, text, type JsonObject } from '../answers.ts';
import { account, regionOf } from '../call.ts';
import type { Gap } from '../gap.ts';

/** Log anomaly detectors, by ARN. */
export function createAnomalyDetectors(newId: () => string, now: () => number): Gap {
  const detectors = new Map<string, JsonObject>();
  const tags = new Map<string, JsonObject>();
  const missing = 'There is no such anomaly detector.';
  return {
    reason: 'moto has none; aws_cloudwatch_log_anomaly_detector creates, reads, updates and deletes them',
    answers: {
      'logs.CreateLogAnomalyDetector': (call) => {
        const { tags: sentTags, ...sent } = readJson(call.body);
        const arn = `arn:aws:logs:${regionOf(call)}:${account}:anomaly-detector:${newId()}`;
        const createdAt = { creationTimeStamp: now(), lastModifiedTimeStamp: now() };
        detectors.set(arn, { ...sent, ...createdAt, anomalyDetectorStatus: 'ANALYZING' });
        if (isObject(sentTags)) tags.set(arn, sentTags);
        return json({ anomalyDetectorArn: arn });
      },
      'logs.GetLogAnomalyDetector': (call) => {
        const found = detectors.get(text(readJson(call.body)['anomalyDetectorArn']));
        return found ? json(found) : refusal(call, 'ResourceNotFoundException', missing);
      },
      'logs.UpdateLogAnomalyDetector': (call) => {
        const { anomalyDetectorArn, enabled, ...sent } = readJson(call.body);
        const found = detectors.get(text(anomalyDetectorArn));
        if (!found) return refusal(call, 'ResourceNotFoundException', missing);
        const anomalyDetectorStatus = enabled === false ? 'PAUSED' : 'ANALYZING';
        detectors.set(text(anomalyDetectorArn), {
          ...found,
          ...sent,
          anomalyDetectorStatus,
          lastModifiedTimeStamp: now(),
        });
        return json({});
      },
      'logs.DeleteLogAnomalyDetector': (call) => {
        const existed = detectors.delete(text(readJson(call.body)['anomalyDetectorArn']));
        return existed ? json({}) : refusal(call, 'ResourceNotFoundException', missing);
      },
      'logs.ListTagsForResource': (call, forward) => {
        const arn = text(readJson(call.body)['resourceArn']);
        return detectors.has(arn) ? json({ tags: tags.get(arn) ?? {} }) : forward(call);
      },
    },
  };
}
