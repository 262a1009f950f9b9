"""The owner's pages. They know the appliance's two HTTP APIs and nothing of its inside."""
