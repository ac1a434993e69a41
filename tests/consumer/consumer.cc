// SPDX-License-Identifier: Apache-2.0
// That the header is C++, and its names are C's.
#include <jeton/verifier.h>

#include <cstdio>

int main()
{
    jeton_policy policy = JETON_INIT(jeton_policy);
    jeton_options options = JETON_INIT(jeton_options);
    options.no_thread = 1;
    jeton_verifier *verifier = nullptr;
    jeton_status status = jeton_verifier_new(&options, &policy, 1, &verifier);
    std::printf("%s: %s\n", jeton_status_name(status), jeton_verifier_error(verifier));
    jeton_verifier_free(verifier);
    return status == JETON_USAGE && policy.size == sizeof policy ? 0 : 1;
}
