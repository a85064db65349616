"""The MRV record of enterprises: plan, monthly filing, spot check, finding, correction, report."""
