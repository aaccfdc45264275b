import type { Service } from '@aws-sdk/client-ecs';
import { expect } from '@jest/globals';
import { launchBrowser, openSwaggerUi } from '../../app/local/swagger-page.ts';
import { eventually, fatal, type Patience } from '../../support/eventually.ts';
import { container, describeService, describeTargets, describeTasks } from '../aws.ts';
import { type Deployment, digestOf } from '../deployment.ts';
import { patienceWith, type ProbeGroup } from '../probe.ts';

/** A deployment on AWS takes minutes: image pulls, health checks, draining. */
const patienceOf = (deployment: Deployment) => patienceWith(deployment, 90_000, 900_000);

/** Ends at once when the deployment was given up: waiting will not bring it back. */
function expectSteady({ deployments = [], runningCount, desiredCount }: Service, intended: string): void {
  const failed = deployments.find(({ rolloutState }) => rolloutState === 'FAILED');
  if (failed)
    throw fatal(
      `the deployment of ${failed.taskDefinition ?? '?'} failed: ${failed.rolloutStateReason ?? ''}`,
    );
  const back = deployments.find(({ rolloutStateReason }) => /rolling back/i.test(rolloutStateReason ?? ''));
  if (back) throw fatal(`it is being rolled back: ${back.rolloutStateReason ?? ''}`);
  const [primary, ...leaving] = deployments;
  if (leaving.length === 0 && primary?.rolloutState === 'COMPLETED' && primary.taskDefinition !== intended)
    throw fatal(`rolled back: ${primary.taskDefinition ?? 'nothing'} runs, ${intended} is meant to`);
  expect({ states: deployments.map(({ rolloutState }) => rolloutState), runningCount }).toEqual({
    states: ['COMPLETED'],
    runningCount: desiredCount,
  });
}

export async function checkSteadyState(
  deployment: Deployment,
  patience: Patience = patienceOf(deployment),
): Promise<void> {
  await eventually(async () => {
    expectSteady(await describeService(deployment), deployment.outputs.taskDefinitionArn);
  }, patience);
}

export async function checkRunningDigest(deployment: Deployment): Promise<void> {
  const digest = digestOf(deployment.outputs.image);
  const { desiredCount = 0 } = await describeService(deployment);

  const tasks = await describeTasks(deployment);

  const running = tasks.map(({ lastStatus, taskDefinitionArn, containers = [] }) => ({
    lastStatus,
    taskDefinitionArn,
    digest: containers.find(({ name }) => name === container)?.imageDigest,
  }));
  const meant = { lastStatus: 'RUNNING', taskDefinitionArn: deployment.outputs.taskDefinitionArn, digest };
  expect(desiredCount).toBeGreaterThan(0);
  expect(running).toEqual(Array.from({ length: desiredCount }, () => meant));
}

export async function checkZones(deployment: Deployment): Promise<void> {
  const tasks = await describeTasks(deployment);

  const zones = new Set(tasks.map(({ availabilityZone }) => availabilityZone));
  if (zones.size < 2)
    throw new Error(`${tasks.length} tasks run in ${zones.size} zone: ${[...zones].join()}`);
}

export async function checkTargets(
  deployment: Deployment,
  patience: Patience = patienceOf(deployment),
): Promise<void> {
  await eventually(async () => {
    const { desiredCount = 0 } = await describeService(deployment);
    const states = (await describeTargets(deployment)).map(({ TargetHealth: health }) => health?.State);
    expect(states).toEqual(Array.from({ length: desiredCount }, () => 'healthy'));
  }, patience);
}

export const serviceProbes: ProbeGroup = {
  name: 'the service',
  probes: {
    'has reached a steady state with the intended task definition: nothing was rolled back': checkSteadyState,
    'runs the intended image, by digest, in every task': checkRunningDigest,
    'runs in two zones or more': checkZones,
    'has healthy targets only, one for each desired task': checkTargets,
  },
};

export async function checkSwaggerUi({ url }: Deployment): Promise<void> {
  const browser = await launchBrowser();
  try {
    const { page, wrong } = await openSwaggerUi(browser, new URL(url).origin);

    expect(await page.locator('.info .title').innerText()).toMatch(/^Movies API/);
    expect(wrong).toEqual([]);
  } finally {
    await browser.close();
  }
}

export const documentProbes: ProbeGroup = {
  name: 'Swagger UI in a browser',
  needs: ['a browser'],
  probes: {
    'shows the contract without a console error, a CSP violation or a failed request': checkSwaggerUi,
  },
};
