"""What users test with: contracts for their adapters, and small lifecycles to try them on."""
