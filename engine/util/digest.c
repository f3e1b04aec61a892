/* SPDX-License-Identifier: MIT
 * SHA-256 by OpenSSL's EVP, which uses the processor's own instructions. */
#include "config.h"

#include <stdio.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "engine/util/digest.h"
#include "engine/util/mem.h"

struct digest {
	EVP_MD_CTX *evp;
};

static _Noreturn void broken(const char *what)
{
	char why[256];

	ERR_error_string_n(ERR_get_error(), why, sizeof(why));
	fprintf(stderr, "holdfast: SHA-256 does not work (%s): %s\n", what, why);
	abort();
}

struct digest *digest_new(void)
{
	struct digest *d = xcalloc(1, sizeof(*d));

	d->evp = EVP_MD_CTX_new();
	if (!d->evp)
		broken("EVP_MD_CTX_new");
	if (EVP_DigestInit_ex(d->evp, EVP_sha256(), NULL) != 1)
		broken("EVP_DigestInit_ex");
	return d;
}

void digest_update(struct digest *d, const void *data, size_t n)
{
	if (n && EVP_DigestUpdate(d->evp, data, n) != 1)
		broken("EVP_DigestUpdate");
}

void digest_hex(struct digest *d, char out[DIGEST_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (EVP_DigestFinal_ex(d->evp, raw, &n) != 1 || n != 32)
		broken("EVP_DigestFinal_ex");
	for (unsigned int i = 0; i < n; i++) {
		out[2 * i] = digits[raw[i] >> 4];
		out[2 * i + 1] = digits[raw[i] & 15];
	}
	out[DIGEST_HEX_SIZE - 1] = '\0';
	if (EVP_DigestInit_ex(d->evp, NULL, NULL) != 1)
		broken("EVP_DigestInit_ex");
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->evp);
	free(d);
}

void digest_hex_of(const void *data, size_t n, char out[DIGEST_HEX_SIZE])
{
	struct digest *d = digest_new();

	digest_update(d, data, n);
	digest_hex(d, out);
	digest_free(d);
}
