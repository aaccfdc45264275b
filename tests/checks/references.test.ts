import { expect, test } from '@jest/globals';
import { sourcesOf } from '../../tools/lib/terraform/references.ts';
import type { ModuleConfiguration } from '../../tools/lib/terraform/plan-json.ts';

const references = (...names: readonly string[]) => ({ references: names });

/** Terraform 1.11 writes a reference with all that it goes through, the longest first. */
const root: ModuleConfiguration = {
  resources: [
    {
      address: 'aws_x.y',
      for_each_expression: references('aws_kms_key.all'),
      expressions: {
        resource: references('aws_a.b.arn', 'aws_a.b'),
        indexed: references('aws_a.b[0].arn', 'aws_a.b[0]', 'aws_a.b'),
        data: references('data.aws_c.d.json', 'data.aws_c.d'),
        ephemeral: references('ephemeral.aws_password.value.random_password', 'ephemeral.aws_password.value'),
        module: references('module.m.arn', 'module.m'),
        moduleData: references('module.m.read', 'module.m'),
        moduleSecret: references('module.m.drawn', 'module.m'),
        each: references('each.value'),
        local: references('local.z'),
        others: references('path.module', 'terraform.workspace', 'count.index', 'self.id'),
      },
    },
  ],
  module_calls: {
    m: {
      source: './m',
      expressions: { given: references('aws_g.h.id', 'aws_g.h') },
      module: {
        outputs: {
          arn: { expression: references('var.given') },
          read: { expression: references('data.aws_i.j.id', 'data.aws_i.j') },
          drawn: { expression: references('ephemeral.aws_k.l.value', 'ephemeral.aws_k.l') },
        },
      },
    },
  },
};

test.each([
  ['resource', ['aws_a.b']],
  ['indexed', ['aws_a.b']],
  ['data', ['data.aws_c.d']],
  ['ephemeral', ['ephemeral.aws_password.value']],
  ['module', ['aws_g.h']],
  ['moduleData', ['module.m.data.aws_i.j']],
  ['moduleSecret', ['module.m.ephemeral.aws_k.l']],
  ['each', ['aws_kms_key.all']],
  ['local', []],
  ['others', []],
])('a reference to %s gives whole addresses', (argument, addresses) => {
  expect(sourcesOf(root, 'aws_x.y["k"]', [argument])).toEqual(addresses);
});
