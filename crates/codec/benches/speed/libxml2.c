/* Validates documents with libxml2's streaming (SAX) validation and prints the nanoseconds it took.
 *
 * Arguments: pairs of a schema and a file of documents, each document after its length (32 bits, little
 * endian). Schemas and documents are in memory before the clock starts. */
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *read_file(const char *name, size_t *length) {
    FILE *file = fopen(name, "rb");
    if (file == NULL) exit(2);
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*length + 1);
    if (text == NULL || fread(text, 1, *length, file) != *length) exit(2);
    fclose(file);
    return text;
}

int main(int count, char **names) {
    int64_t nanoseconds = 0;
    for (int at = 1; at + 1 < count; at += 2) {
        xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(names[at]);
        xmlSchemaPtr schema = xmlSchemaParse(parser);
        if (schema == NULL) return 2;
        size_t length;
        char *documents = read_file(names[at + 1], &length);
        xmlSAXHandler sax;
        memset(&sax, 0, sizeof sax);
        sax.initialized = XML_SAX2_MAGIC;
        struct timespec start, end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        xmlSchemaValidCtxtPtr validator = xmlSchemaNewValidCtxt(schema);
        for (size_t offset = 0; offset < length;) {
            uint32_t size;
            memcpy(&size, documents + offset, sizeof size);
            offset += sizeof size;
            xmlParserInputBufferPtr input =
                xmlParserInputBufferCreateMem(documents + offset, (int)size, XML_CHAR_ENCODING_NONE);
            if (xmlSchemaValidateStream(validator, input, XML_CHAR_ENCODING_NONE, &sax, NULL) != 0) return 1;
            offset += size;
        }
        xmlSchemaFreeValidCtxt(validator);
        clock_gettime(CLOCK_MONOTONIC, &end);
        nanoseconds += (end.tv_sec - start.tv_sec) * INT64_C(1000000000) + (end.tv_nsec - start.tv_nsec);
        free(documents);
        xmlSchemaFree(schema);
        xmlSchemaFreeParserCtxt(parser);
    }
    printf("%lld\n", (long long)nanoseconds);
    return 0;
}
