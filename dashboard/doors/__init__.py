"""The two HTTP doors to the appliance: one method a question, frozen dataclasses out."""
