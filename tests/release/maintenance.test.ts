import { GetIPSetCommand, CreateIPSetCommand, WAFV2Client } from '@aws-sdk/client-wafv2';
import {
  CreateScheduleGroupCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { maintain, readFirewall, readWanted, type Firewall } from '../../tools/release/maintenance.ts';
import { clientSettings } from '../../tools/lib/terraform/emulated.ts';
import { startEmulator, type Emulator } from '../../tools/sandbox/emulator.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith, program } from '../support/requirements.ts';

test.each([
  ['30m', '', { minutes: 30 }],
  ['12h', '', { minutes: 720 }],
  ['', 'yes', 'off'],
  ['', '', 'told'],
])('ON=%s OFF=%s asks for %j', (on, off, wanted) => {
  expect(readWanted(on, off)).toEqual(wanted);
});

test.each([
  ['yes', '', /how long/],
  ['0m', '', /how long/],
  ['13h', '', /how long/],
  ['30', '', /how long/],
  ['30m', 'yes', /on and off/],
])('ON=%s OFF=%s is misuse', (on, off, message) => {
  expect(() => readWanted(on, off)).toThrow(message);
});

test('a deployment from before there was maintenance mode is told to be deployed first', () => {
  expect(() => readFirewall({})).toThrow('no maintenance mode');
});

describeWith([program('python3', 'install Python 3.10 or newer')], 'maintenance mode', () => {
  let emulator: Emulator;
  let waf: WAFV2Client;
  let scheduler: SchedulerClient;
  let firewall: Firewall;
  let number = 0;
  const turn = (wanted: Parameters<typeof maintain>[2], now = Date.now()): Promise<string> =>
    maintain(clientSettings(emulator.url, 'eu-west-1'), firewall, wanted, () => now);
  const told = async () => (await waf.send(new GetIPSetCommand(firewall.ipSet))).IPSet?.Addresses;
  const ends = async () =>
    (await scheduler.send(new ListSchedulesCommand({ GroupName: firewall.scheduleGroup }))).Schedules?.map(
      ({ Name: name }) => name,
    );

  beforeAll(async () => {
    emulator = await startEmulator(0);
    waf = new WAFV2Client(clientSettings(emulator.url, 'eu-west-1'));
    scheduler = new SchedulerClient(clientSettings(emulator.url, 'eu-west-1'));
  }, 300_000);

  afterAll(async () => {
    await emulator.stop();
  });

  beforeEach(async () => {
    number += 1;
    const name = `movies-${number}-maintenance`;
    const set = { Name: name, Scope: 'REGIONAL', IPAddressVersion: 'IPV4', Addresses: [] } as const;
    const { Summary: { Id: id } = {} } = await waf.send(new CreateIPSetCommand({ ...set, Addresses: [] }));
    await scheduler.send(new CreateScheduleGroupCommand({ Name: name }));
    const role = { role_arn: 'arn:aws:iam::123456789012:role/movies-maintenance' };
    firewall = readFirewall({
      maintenance: { ip_set_id: id, ip_set_name: name, schedule_group: name, ...role },
    });
  });

  const noon = Date.parse('2099-01-01T12:00:00Z');

  test('on: everybody is told, and the end is a call of AWS that names the token of the beginning', async () => {
    const said = await turn({ minutes: 30 }, noon);

    expect(said).toBe('Maintenance is ON: callers are answered 503. It ends 2099-01-01 12:30:00 UTC.');
    expect(await told()).toEqual(['0.0.0.0/1', '128.0.0.0/1']);
    const { LockToken } = await waf.send(new GetIPSetCommand(firewall.ipSet));
    const schedule = await scheduler.send(
      new GetScheduleCommand({ GroupName: firewall.scheduleGroup, Name: 'ends-2099-01-01T12-30-00' }),
    );
    expect(schedule).toMatchObject({
      ScheduleExpression: 'at(2099-01-01T12:30:00)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      ActionAfterCompletion: 'DELETE',
      Target: { Arn: 'arn:aws:scheduler:::aws-sdk:wafv2:updateIPSet', RoleArn: firewall.roleArn },
    });
    expect(JSON.parse(schedule.Target?.Input ?? '')).toEqual({ ...firewall.ipSet, Addresses: [], LockToken });
  });

  test('on again: the later end counts, and the former one is gone with its token', async () => {
    await turn({ minutes: 30 }, noon);

    await turn({ minutes: 60 }, noon);

    expect(await ends()).toEqual(['ends-2099-01-01T13-00-00']);
  });

  test('off: nobody is told any more, and nothing is left to end', async () => {
    await turn({ minutes: 30 }, noon);

    expect(await turn('off')).toBe('Maintenance is off: callers are served.');
    expect([await told(), await ends()]).toEqual([[], []]);
  });

  test('asked without a wish it changes nothing', async () => {
    await turn({ minutes: 30 }, noon);

    expect(await turn('told')).toMatch(/is ON/);
    expect(await ends()).toHaveLength(1);
  });

  test('an end that can not be scheduled takes the beginning back', async () => {
    await turn({ minutes: 1 }, noon);

    // The same name again is what the scheduler refuses.
    await expect(turn({ minutes: 1 }, noon)).rejects.toThrow(/maintenance is off/);

    expect([await told(), await ends()]).toEqual([[], []]);
  });

  test('at its time it ends by itself', async () => {
    await turn({ minutes: 1 }, Date.now() - 58_000);
    const during = await told();

    await eventually(async () => {
      expect([await told(), await ends()]).toEqual([[], []]);
    });

    expect(during).toHaveLength(2);
  });
});
