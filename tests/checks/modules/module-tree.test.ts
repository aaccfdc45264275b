import { chmod, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gitTreeHash, readCapabilities, readTree, type TreeFile } from '../../../tools/lib/module-tree.ts';
import { createClone, git, writeFiles } from './fixture.ts';

const tree = (files: Record<string, string>): TreeFile[] =>
  Object.entries(files).map(([path, content]) => ({ path, kind: 'file', content: Buffer.from(content) }));

describe('what a module can do', () => {
  test('resources, data, provisioners, modules, providers and functions are named', async () => {
    const main = `
      terraform {
        required_version = ">= 1.0"
        required_providers {
          aws = {
            source  = "hashicorp/aws"
            version = ">= 5.79"
          }
          null = "~> 3.0"
        }
        backend "s3" {}
      }
      provider "aws" {
        region = "eu-west-1"
      }
      resource "aws_s3_bucket" "main" {
        bucket = file("\${path.module}/name.txt")
      }
      resource "null_resource" "build" {
        provisioner "local-exec" {
          command = "make"
        }
        provisioner "remote-exec" {
          inline = ["make"]
        }
      }
      data "external" "who" {
        program = ["whoami"]
      }
      ephemeral "aws_secretsmanager_secret_version" "password" {
        secret_id = "x"
      }
      check "health" {
        data "http" "health" {
          url = "https://example.com"
        }
        assert {
          condition     = true
          error_message = "never"
        }
      }
      removed {
        from = null_resource.old
        provisioner "local-exec" {
          when    = destroy
          command = "make clean"
        }
      }
      module "remote" {
        source  = "example/other/aws"
        version = "1.2.3"
      }`;

    const capabilities = await readCapabilities(tree({ 'main.tf': main }));

    expect(capabilities).toEqual({
      '.': [
        'backend s3',
        'data external',
        'data http',
        'ephemeral aws_secretsmanager_secret_version',
        'function file',
        'module example/other/aws 1.2.3',
        'provider configuration aws',
        'provider hashicorp/aws >= 5.79',
        'provider hashicorp/null ~> 3.0',
        'provisioner local-exec on a removed resource',
        'provisioner local-exec on null_resource.build',
        'provisioner remote-exec on null_resource.build',
        'resource aws_s3_bucket',
        'resource null_resource',
        'terraform >= 1.0',
      ],
    });
  });

  test("configuration in Terraform's JSON form is read too", async () => {
    const json = JSON.stringify({
      resource: { null_resource: { build: { provisioner: [{ 'local-exec': { command: 'make' } }] } } },
      data: [{ external: { who: { program: ['${templatefile("x", {})}'] } } }],
    });

    const capabilities = await readCapabilities(tree({ 'main.tf.json': json }));

    expect(capabilities).toEqual({
      '.': [
        'data external',
        'function templatefile',
        'provisioner local-exec on null_resource.build',
        'resource null_resource',
      ],
    });
  });

  test('examples and tests are left out, unless a module that callers reach uses one', async () => {
    const capabilities = await readCapabilities(
      tree({
        'main.tf': 'module "a" {\n  source = "./examples/used"\n}',
        'examples/used/main.tf': 'module "b" {\n  source = "../../tests/deep/"\n}',
        'examples/unused/main.tf': 'data "http" "x" {\n  url = "https://example.com"\n}',
        'tests/deep/main.tf': 'data "external" "x" {\n  program = ["id"]\n}',
        'modules/bed/main.tf': 'resource "terraform_data" "x" {}',
        'README.md': 'data "http" "x" {}',
      }),
    );

    expect(capabilities).toEqual({
      '.': ['module ./examples/used'],
      'examples/used': ['module ../../tests/deep/'],
      'modules/bed': ['resource terraform_data'],
      'tests/deep': ['data external'],
    });
  });

  const fileFunctions =
    'file filebase64 fileexists fileset templatefile pathexpand filemd5 filesha256 filebase64sha512 provider::aws::arn_parse provider::my-own::read-it';
  /** Every place where HCL allows an expression. */
  const places: Readonly<Record<string, (call: string) => string>> = {
    'a value': (call) => `locals {\n  a = ${call}\n}`,
    'the value of an object': (call) => `locals {\n  a = { b = ${call} }\n}`,
    'the key of an object': (call) => `locals {\n  a = { (${call}) = 1 }\n}`,
    'the key of an object in a list': (call) => `locals {\n  a = [{ (${call}) = 1 }]\n}`,
    'a list': (call) => `locals {\n  a = [1, ${call}]\n}`,
    'a text': (call) => `locals {\n  a = "x-\${${call}}-y"\n}`,
    'a heredoc': (call) => `locals {\n  a = <<-EOT\n    \${${call}}\n  EOT\n}`,
    'a for': (call) => `locals {\n  a = [for b in ["c"] : ${call}]\n}`,
    'the key of a for': (call) => `locals {\n  a = { for b in ["c"] : ${call} => b }\n}`,
    'a template directive': (call) => `locals {\n  a = "%{ if ${call} == "" }x%{ endif }"\n}`,
    'an argument of a call': (call) => `locals {\n  a = merge({ (${call}) = 1 }, {})\n}`,
    'a condition': (call) => `locals {\n  a = true ? ${call} : ""\n}`,
    'an index': (call) => `locals {\n  a = local.b[${call}]\n}`,
    'a nested block': (call) => `resource "a_b" "c" {\n  d {\n    e = ${call}\n  }\n}`,
    'a dynamic block': (call) =>
      `resource "a_b" "c" {\n  dynamic "d" {\n    for_each = ${call}\n    content {}\n  }\n}`,
    'a count': (call) => `resource "a_b" "c" {\n  count = length(${call})\n}`,
    'a default': (call) => `output "a" {\n  value = ${call}\n}`,
  };
  const json = (call: string): readonly object[] => [
    { locals: { a: `\${${call}}` } },
    { locals: { a: { [`\${${call}}`]: 1 } } },
    { resource: { a_b: { c: [{ d: [{ e: `x-\${${call}}` }] }] } } },
  ];

  test.each(fileFunctions.split(' '))('%s is seen wherever an expression may stand', async (name) => {
    const call = `${name}("x")`;
    const files = [
      ...Object.entries(places).map(([place, write]) => [place, 'main.tf', write(call)] as const),
      ...json(call).map((body, index) => [`JSON ${index}`, 'main.tf.json', JSON.stringify(body)] as const),
    ];

    const unseen: string[] = [];
    for (const [place, file, text] of files) {
      const { '.': found = [] } = await readCapabilities(tree({ [file]: text }));
      if (!found.includes(`function ${name}`)) unseen.push(place);
    }

    expect(unseen).toEqual([]);
  });

  test('a file that is no HCL is an error with its name', async () => {
    await expect(readCapabilities(tree({ 'modules/bed/main.tf': 'resource {{{' }))).rejects.toThrow(
      "what modules/bed/main.tf can do can't be told",
    );
  });
});

describe('the hash of a file tree', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'file-tree-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test('a tree with directories, dot files, a script and a link hashes to what git computes', async () => {
    // A directory sorts as if it ended in a slash: `a.b` comes before `a/`, and `a0` after it.
    await writeFiles(directory, {
      'a/x': '1',
      'a.b': '2',
      a0: '3',
      'a/é/ü': '4',
      '.hidden/y': '5',
      'run.sh': '#!/bin/sh\n',
    });
    await chmod(join(directory, 'run.sh'), 0o755);
    await symlink('a/x', join(directory, 'link'));
    await createClone(directory, { 'last.txt': '' });

    const hash = gitTreeHash(await readTree(directory));

    expect(hash).toBe(git(directory, 'rev-parse', 'HEAD^{tree}'));
  });

  test('one changed byte changes it', async () => {
    await writeFiles(directory, { 'modules/bed/main.tf': 'a' });
    const before = gitTreeHash(await readTree(directory));
    await writeFiles(directory, { 'modules/bed/main.tf': 'b' });

    expect(gitTreeHash(await readTree(directory))).not.toBe(before);
  });

  test('permissions other than executable do not count', async () => {
    await writeFiles(directory, { 'main.tf': 'a' });
    const before = gitTreeHash(await readTree(directory));
    await chmod(join(directory, 'main.tf'), 0o600);

    expect(gitTreeHash(await readTree(directory))).toBe(before);
  });
});
