import { loopback, settings } from './settings.ts';
import { stockSdk } from './stock-sdk.ts';
import { usualStack } from './usual-stack.ts';

/** Rival: the usual stack over the AWS SDK as it comes. */
usualStack(stockSdk().find).listen(settings().port, loopback);
