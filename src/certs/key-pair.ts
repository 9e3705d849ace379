import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);
const bits = 2048;

/** PEM of a new RSA private key, made by OpenSSL off the main thread: forge alone would need seconds on it. */
export const newPrivateKey = async (): Promise<string> => {
  const { privateKey } = await generate('rsa', { modulusLength: bits });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
};
