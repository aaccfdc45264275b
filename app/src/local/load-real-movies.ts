import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { findingLines, reportImport } from './real-movies-report.ts';
import { readVegaMovies } from './vega-movies.ts';
